using System.Text.Json;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.Agents;

/// <summary>A tool that agents may name.</summary>
internal sealed record ToolDocument(
    string Name,
    string Description,
    JsonElement Parameters,
    bool Idempotent,
    bool Pure,
    bool Distributed,
    bool RequiresApproval,
    int TimeoutSeconds,
    IReadOnlyList<string> Roles)
{
    public static ToolDocument From(AgentTool tool) => new(
        tool.Name,
        tool.Declaration.Description,
        tool.Declaration.JsonSchema,
        tool.Idempotent,
        tool.Pure,
        tool.Distributed,
        tool.RequiresApproval,
        (int)tool.Timeout.TotalSeconds,
        tool.Roles);
}
