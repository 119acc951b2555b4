using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.ClientTools;

/// <summary>A tool that the caller of a run makes: its model may call it, and the run waits for the caller's answer.</summary>
/// <param name="Name">1 to 64 characters of letters, digits, <c>_</c> and <c>-</c>; no tool of the agent has it.</param>
/// <param name="Description">What the model is told of it. At most 4 KiB of UTF-8.</param>
/// <param name="Parameters">The JSON schema of its arguments; null for none.</param>
public sealed record ClientTool(string Name, string? Description = null, JsonElement? Parameters = null)
{
    private static readonly JsonElement NoParameters = JsonElement.Parse("""{"type":"object","properties":{},"additionalProperties":false}""");

    private AgentTool? _tool;

    /// <summary>The tool as models and gates know one; always the same, so that its schema is read once.</summary>
    [JsonIgnore]
    internal AgentTool Tool => _tool ??= new AgentTool
    {
        Declaration = AIFunctionFactory.CreateDeclaration(Name, Description ?? "", Parameters ?? NoParameters),
        ByClient = true,
        InvokeAsync = static (_, _, _, _) => Task.FromException<string>(new InvalidOperationException("The caller makes it.")),
    };
}
