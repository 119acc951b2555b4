using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Redaction;

namespace Yggdrasil.Runs.Requests;

/// <summary>The rule of <see cref="RedactionMode.Block"/>: a run whose input holds a finding is not accepted.</summary>
internal static class InputBlock
{
    /// <summary>Names the kinds found, never what was found.</summary>
    /// <param name="instructions">Those of the caller, which are as much his input as the messages.</param>
    public static void Validate(IReadOnlyList<ChatMessage> input, AgentDefinition agent, FieldErrors errors, string? instructions = null)
    {
        if (agent.Redaction != RedactionMode.Block)
        {
            return;
        }

        var kinds = input.SelectMany(TextsOf).Append(instructions ?? "").SelectMany(text => SensitiveText.Find(text)).Select(finding => finding.Kind).Distinct().Order().ToList();
        errors.Require(
            kinds.Count == 0,
            "input",
            $"Holds what this agent does not pass on ({string.Join(", ", kinds.Select(Placeholder.NameOf))}): remove it.");
    }

    /// <summary>A history has calls and their results too.</summary>
    private static IEnumerable<string> TextsOf(ChatMessage message) => message.Contents.Select(content => content switch
    {
        TextContent text => text.Text,
        FunctionCallContent call => JsonSerializer.Serialize(call.Arguments),
        FunctionResultContent result => result.Result?.ToString() ?? "",
        _ => "",
    });
}
