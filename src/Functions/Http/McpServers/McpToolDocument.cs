using System.Text.Json;
using Yggdrasil.Tools.Mcp;
using Yggdrasil.Tools.Mcp.Pinning;

namespace Yggdrasil.Functions.Http.McpServers;

/// <summary>A tool of an MCP server as the contract shows it to operators.</summary>
internal sealed record McpToolDocument(
    string Id, string Name, string Listed, string CalledAs, McpToolStatus Status, string Hash, string? ApprovedHash, DateTimeOffset? ApprovedAt,
    string? ApprovedBy, DateTimeOffset FirstSeenAt, DateTimeOffset ChangedAt, bool RequiresApproval, bool Idempotent, JsonElement? Definition,
    IReadOnlyList<McpChangeDocument> Changes, IReadOnlyList<string> Warnings)
{
    public static McpToolDocument From(McpToolReport tool) => new(
        tool.Id, tool.Name, tool.Listed, tool.CalledAs, tool.Status, tool.Hash, tool.ApprovedHash, tool.ApprovedAt, tool.ApprovedBy, tool.FirstSeenAt,
        tool.ChangedAt, tool.RequiresApproval, tool.Idempotent, tool.Definition,
        [.. tool.Changes.Select(change => new McpChangeDocument(change.Field, change.Approved, change.Offered))], tool.Warnings);
}

/// <summary>A field of a tool that is not as it was approved.</summary>
internal sealed record McpChangeDocument(string Field, JsonElement? Approved, JsonElement? Offered);
