using Microsoft.Extensions.Logging;

namespace Yggdrasil.Tools.Mcp;

/// <summary>The tools of MCP servers that agents may use: those that an operator approved, as they were approved.</summary>
/// <remarks>
/// A run begins with what storage says, so its start costs no request to any server. A tool is called only under a list that still
/// holds; a server whose list has run out is asked first.
/// </remarks>
public sealed partial class McpTools : IAsyncDisposable
{
    private readonly Dictionary<string, McpServer> _servers;
    private readonly ToolCatalog _catalog;
    private readonly TimeProvider _time;
    private readonly ILogger<McpTools> _logger;

    internal McpTools(IEnumerable<McpServer> servers, ToolCatalog catalog, TimeProvider time, ILogger<McpTools> logger)
    {
        _servers = servers.ToDictionary(server => server.Options.Name, StringComparer.Ordinal);
        (_catalog, _time, _logger) = (catalog, time, logger);
    }

    internal IEnumerable<McpServer> Servers => _servers.Values.OrderBy(server => server.Options.Name, StringComparer.Ordinal);

    internal McpServer? FindServer(string name) => _servers.GetValueOrDefault(name);

    /// <summary>Every tool that may be used now, with how definitions name it, in order of that name.</summary>
    public async Task<IReadOnlyList<(string Listed, AgentTool Tool)>> ListAsync(CancellationToken cancellationToken)
    {
        List<(string, AgentTool)> tools = [];
        foreach (var server in _servers.Values)
        {
            var view = await server.LoadAsync(cancellationToken);
            tools.AddRange(view.Usable.Select(tool => (McpNames.Listed(server.Options.Name, tool.Key), tool.Value)));
        }

        return [.. tools.OrderBy(tool => tool.Item1, StringComparer.Ordinal)];
    }

    /// <summary>Whether a server that was asked for its tools offers none of this name. One that was never asked may offer anything.</summary>
    internal async Task<bool> IsUnknownAsync(string listed, CancellationToken cancellationToken) =>
        McpNames.Parse(listed) is { Tool: { } tool } entry && FindServer(entry.Server) is { } server
        && await server.LoadAsync(cancellationToken) is { List: not null } view && view.Find(tool) is null;

    /// <summary>What a run begins with of the tools that its agent lists: each is pinned to the definition that is approved now.</summary>
    /// <param name="most">How many there may be; those beyond, in order of the list and of their names, are left out.</param>
    internal async Task<IReadOnlyList<McpToolPin>?> PinAsync(IReadOnlyList<string> tools, int most, CancellationToken cancellationToken)
    {
        List<McpToolPin> pins = [];
        foreach (var entry in tools.Where(McpNames.IsMcp).Select(McpNames.Parse).OfType<(string Server, string? Tool)>())
        {
            if (FindServer(entry.Server) is { } server)
            {
                var view = await server.LoadAsync(cancellationToken);
                pins.AddRange(view.Usable.Values
                    .Select(tool => tool.Mcp!)
                    .Where(pin => (entry.Tool is null || entry.Tool == pin.Tool) && !_catalog.TryGet(pin.CalledAs, out _) && !pins.Contains(pin))
                    .OrderBy(pin => pin.Tool, StringComparer.Ordinal));
            }
        }

        if (pins.Count > most)
        {
            LogTooMany(pins.Count, most);
        }

        return pins.Count > 0 ? [.. pins.Take(most)] : null;
    }

    /// <summary>Loads what the tools of a run are judged by.</summary>
    /// <param name="toCall">They are about to be called: their servers' lists have to hold.</param>
    internal async ValueTask PrepareAsync(IEnumerable<McpToolPin> pins, bool toCall, CancellationToken cancellationToken)
    {
        foreach (var server in pins.Select(pin => pin.Server).Distinct(StringComparer.Ordinal).Select(FindServer).OfType<McpServer>().ToList())
        {
            if (toCall)
            {
                await server.LoadFreshAsync(cancellationToken);
            }
            else
            {
                await server.LoadAsync(cancellationToken);
            }
        }
    }

    /// <summary>The tool that a run began with, where it is still approved and unchanged.</summary>
    internal AgentTool? Find(McpToolPin pin) =>
        FindServer(pin.Server)?.View?.Usable.GetValueOrDefault(pin.Tool) is { } tool && tool.Mcp == pin ? tool : null;

    /// <summary>Why a run may not call what it began with, in words for its model; null when it may.</summary>
    internal string? Obstacle(McpToolPin pin)
    {
        if (FindServer(pin.Server) is not { } server)
        {
            return $"The tool \"{pin.CalledAs}\" is gone: its MCP server is not configured any more.";
        }

        if (Find(pin) is null)
        {
            return server.View?.Find(pin.Tool) is { IsOffered: true }
                ? $"The tool \"{pin.CalledAs}\" has changed or is not approved any more; it may not be called until an operator has approved it, and then by new runs."
                : $"The tool \"{pin.CalledAs}\" is gone: its MCP server does not offer it any more.";
        }

        return server.View!.IsFresh(_time.GetUtcNow())
            ? null
            : $"The tool \"{pin.CalledAs}\" cannot be called now: its MCP server does not answer. {server.Error}".TrimEnd();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values)
        {
            await server.DisposeAsync();
        }
    }

    [LoggerMessage(2023, LogLevel.Warning, "An agent's MCP servers have {Count} approved tools, and there is room for {Most}: the others are left out of its run")]
    private partial void LogTooMany(int count, int most);
}
