using System.Text;
using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Runs.ClientTools;

/// <summary>The rules of the tools that a caller brings along.</summary>
internal static class ClientToolRules
{
    private const int MaxNameLength = 64;
    private const int MaxDescriptionBytes = 4 * 1024;
    private const string Field = "clientTools";

    public static void Validate(IReadOnlyList<ClientTool> tools, AgentDefinition agent, FieldErrors errors)
    {
        if (tools.Count == 0)
        {
            return;
        }

        errors.Require(agent.ClientTools == ClientToolPolicy.Allow, Field, "The agent takes no tools of its callers: leave this out.");
        var own = agent.Tools.Count(tool => !McpNames.IsMcp(tool)) + (agent.McpTools?.Count ?? 0);
        var room = AgentValidator.MaxTools - own;
        errors.Require(tools.Count <= room, Field, $"At most {room}: a run has {AgentValidator.MaxTools} tools, and the agent has {own} of its own.");
        if (tools.Count > AgentValidator.MaxTools)
        {
            return;
        }

        HashSet<string> names = [.. agent.Tools.Select(DelegateNames.CalledAs), .. agent.McpTools?.Select(pin => pin.CalledAs) ?? []];
        foreach (var (index, tool) in tools.Index())
        {
            var place = $"{Field}[{index}]";
            errors.Require(IsName(tool.Name), $"{place}.name", $"Is required: 1 to {MaxNameLength} characters of letters, digits, _ and -.");
            errors.Require(names.Add(tool.Name), $"{place}.name", "Another tool of the run has this name; names of the agent's own count too.");
            errors.Require(
                Encoding.UTF8.GetByteCount(tool.Description ?? "") <= MaxDescriptionBytes, $"{place}.description", $"At most {MaxDescriptionBytes / 1024} KiB of UTF-8.");
            ValidateParameters(tool.Parameters, $"{place}.parameters", errors);
        }
    }

    private static void ValidateParameters(JsonElement? parameters, string field, FieldErrors errors)
    {
        if (parameters is { ValueKind: JsonValueKind.Object } schema && schema.TryGetProperty("type", out var type))
        {
            errors.Require(
                type.ValueKind == JsonValueKind.String && type.ValueEquals("object"), $"{field}.type", "Must be object: arguments have names.");
        }

        AgentValidator.ValidateSchema(parameters, field, errors);
    }

    private static bool IsName(string name) =>
        name is { Length: >= 1 and <= MaxNameLength } && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}
