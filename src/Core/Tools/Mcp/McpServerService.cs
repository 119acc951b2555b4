using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Protection;
using Yggdrasil.Tools.Mcp.Pinning;

namespace Yggdrasil.Tools.Mcp;

/// <summary>MCP servers, for operators: what they offer, and what of it agents may use.</summary>
public sealed partial class McpServerService
{
    private readonly McpTools _tools;
    private readonly McpToolStore _store;
    private readonly ILogger<McpServerService> _logger;

    internal McpServerService(McpTools tools, McpToolStore store, ILogger<McpServerService> logger) =>
        (_tools, _store, _logger) = (tools, store, logger);

    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    public async Task<IReadOnlyList<McpServerReport>> ListAsync(Caller caller, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireOperator(caller);
        return await Task.WhenAll(_tools.Servers.Select(async server => Report(server, await server.LoadAsync(cancellationToken))));
    }

    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="NotFoundException">No server of this name is configured.</exception>
    public async Task<McpServerReport> GetAsync(Caller caller, string name, CancellationToken cancellationToken)
    {
        var server = Require(caller, name);
        return Report(server, await server.LoadAsync(cancellationToken));
    }

    /// <summary>Asks the server for its tools now, whatever is known of them.</summary>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="NotFoundException">No server of this name is configured.</exception>
    public async Task<McpServerReport> RefreshAsync(Caller caller, string name, CancellationToken cancellationToken)
    {
        var server = Require(caller, name);
        return Report(server, await server.ListAsync(isForced: true, cancellationToken));
    }

    /// <summary>What a server offers, in order of names; one that was never asked is asked now.</summary>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="NotFoundException">No server of this name is configured.</exception>
    public async Task<IReadOnlyList<McpToolReport>> ListToolsAsync(Caller caller, string name, CancellationToken cancellationToken)
    {
        var server = Require(caller, name);
        var view = await server.LoadAsync(cancellationToken);
        view = view.List is null ? await server.ListAsync(isForced: false, cancellationToken) : view;
        List<McpToolReport> reports = [];
        foreach (var row in view.Rows.Where(row => server.Options.Allows(row.Name)))
        {
            reports.Add(await ReportAsync(server, row, view, cancellationToken));
        }

        return reports;
    }

    /// <summary>Approves a tool as it is, for all agents; or takes an approval back.</summary>
    /// <param name="tool">The server's name for it, or that as it stands in paths.</param>
    /// <param name="hash">The hash of what the operator has seen; null to take the approval back.</param>
    /// <exception cref="ForbiddenException">The caller is no operator.</exception>
    /// <exception cref="NotFoundException">The server offers no such tool.</exception>
    /// <exception cref="ConflictException">The tool is not what the operator has seen.</exception>
    public async Task<McpToolReport> ApproveAsync(Caller caller, string name, string tool, string? hash, CancellationToken cancellationToken)
    {
        var server = Require(caller, name);
        server.Forget();
        var view = await server.LoadAsync(cancellationToken);
        var row = view.Rows.FirstOrDefault(row => (row.Name == tool || McpNames.IdOf(name, row.Name) == tool) && server.Options.Allows(row.Name))
            ?? throw new NotFoundException($"The MCP server \"{name}\" offers no tool of this name.");
        if (hash is not null && (hash != row.Hash || !row.IsOffered))
        {
            throw new ConflictException("This is not the hash of what the server offers now; read the tool again and look at the difference.");
        }

        if (!await _store.TryApproveAsync(name, row, hash is not null, caller.Owner.User, cancellationToken))
        {
            throw new ConflictException("The tool has changed while it was being decided about; read it again.");
        }

        LogDecided(name, row.Name, row.Hash, hash is not null);
        server.Forget();
        view = await server.LoadAsync(cancellationToken);
        return await ReportAsync(server, view.Find(row.Name)!, view, cancellationToken);
    }

    private McpServer Require(Caller caller, string name)
    {
        AccessPolicy.RequireOperator(caller);
        return _tools.FindServer(name) ?? throw new NotFoundException($"No MCP server \"{Shorten(name)}\" is configured.");
    }

    private static string Shorten(string name) => name.Length <= 64 ? name : $"{name.AsSpan(0, 64)}…";

    private static McpServerReport Report(McpServer server, McpServerView view) => new(
        server.Options, view.List?.ListedAt, view.List?.FreshUntil, view.List?.Omitted ?? 0, server.Error, server.Breaker.IsOpen,
        view.Rows.Where(row => server.Options.Allows(row.Name)).GroupBy(row => row.Status).ToDictionary(group => group.Key, group => group.Count()));

    private async Task<McpToolReport> ReportAsync(McpServer server, McpToolRow row, McpServerView view, CancellationToken cancellationToken)
    {
        McpToolDefinition? current = null, approved = null;
        try
        {
            current = await _store.OpenAsync(server.Options.Name, row, cancellationToken);
            approved = row.Status == McpToolStatus.Approved ? null : await _store.OpenApprovedAsync(server.Options.Name, row, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            // It was logged as critical. The hash can still be told, and the next list writes the definition anew.
        }

        return McpToolReport.Of(server.Options, row, current, approved, view.Rows);
    }

    [LoggerMessage(2024, LogLevel.Information, "MCP server {Server}, tool {Tool} ({Hash}): an operator decided (approved: {Approved})")]
    private partial void LogDecided(string server, string tool, string hash, bool approved);
}
