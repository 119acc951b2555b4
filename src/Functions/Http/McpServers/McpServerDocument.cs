using Yggdrasil.Tools.Mcp;
using Yggdrasil.Tools.Mcp.Configuration;
using Yggdrasil.Tools.Mcp.Pinning;

namespace Yggdrasil.Functions.Http.McpServers;

/// <summary>An MCP server as the contract shows it: the names of its secrets, never the secrets.</summary>
/// <param name="State">Whether it answers, as far as the instance that was asked knows.</param>
internal sealed record McpServerDocument(
    string Name, string Url, McpAuthType Auth, McpApprovals Approvals, int TimeoutSeconds, McpServerState State, string? Error, DateTimeOffset? ListedAt,
    DateTimeOffset? FreshUntil, McpToolCounts Tools, McpServerLinks Links)
{
    public static McpServerDocument From(McpServerReport report) => new(
        report.Options.Name,
        report.Options.Url,
        report.Options.Auth.Type,
        report.Options.Approvals,
        report.Options.TimeoutSeconds,
        report.IsBrokenOff ? McpServerState.BrokenOff : report.Error is not null ? McpServerState.Failing
            : report.ListedAt is null ? McpServerState.NotAsked : McpServerState.Answering,
        report.Error,
        report.ListedAt,
        report.FreshUntil,
        new McpToolCounts(
            report.Tools.GetValueOrDefault(McpToolStatus.Approved), report.Tools.GetValueOrDefault(McpToolStatus.New),
            report.Tools.GetValueOrDefault(McpToolStatus.Changed), report.Tools.GetValueOrDefault(McpToolStatus.Gone), report.Omitted),
        new McpServerLinks($"/api/mcp/servers/{report.Options.Name}/tools", $"/api/mcp/servers/{report.Options.Name}/refresh"));
}

internal enum McpServerState
{
    /// <summary>Nobody has asked it for its tools yet.</summary>
    NotAsked,

    Answering,

    /// <summary>It could not be asked the last time.</summary>
    Failing,

    /// <summary>It failed so often that it is left alone for a while.</summary>
    BrokenOff,
}

internal sealed record McpToolCounts(int Approved, int New, int Changed, int Gone, int Omitted);

internal sealed record McpServerLinks(string Tools, string Refresh);
