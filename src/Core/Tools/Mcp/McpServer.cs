using Microsoft.Extensions.Logging;
using Yggdrasil.Protection;
using Yggdrasil.Tools.Mcp.Calls;
using Yggdrasil.Tools.Mcp.Configuration;
using Yggdrasil.Tools.Mcp.Pinning;
using Yggdrasil.Tools.Mcp.Transport;

namespace Yggdrasil.Tools.Mcp;

/// <summary>One configured server: its connection, its breaker, and what this process knows of its tools.</summary>
internal sealed partial class McpServer : IAsyncDisposable
{
    /// <summary>How old what is known may be before the shared table is read again: so long a withdrawn approval may still hold elsewhere.</summary>
    public static readonly TimeSpan ViewLifetime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan ListPatience = TimeSpan.FromSeconds(30);

    private readonly McpConnection _connection;
    private readonly McpToolStore _store;
    private readonly McpCalls _calls;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _loading = new(1, 1);
    private readonly SemaphoreSlim _listing = new(1, 1);
    private volatile McpServerView? _view;
    private volatile string? _error;

    public McpServer(McpServerOptions options, McpConnection connection, McpToolStore store, TimeProvider time, ILogger logger)
    {
        (Options, _connection, _store, _time, _logger) = (options, connection, store, time, logger);
        Breaker = new McpBreaker(time);
        _calls = new McpCalls(options, connection, Breaker, time);
    }

    public McpServerOptions Options { get; }

    public McpBreaker Breaker { get; }

    /// <summary>What is known; null until it was first loaded.</summary>
    public McpServerView? View => _view;

    /// <summary>Why the server could not be asked for its tools when this process last did; null where it could.</summary>
    public string? Error => _error;

    /// <summary>What is known, not older than <see cref="ViewLifetime"/>. Asks storage, never the server.</summary>
    public async ValueTask<McpServerView> LoadAsync(CancellationToken cancellationToken)
    {
        if (Current() is { } current)
        {
            return current;
        }

        await _loading.WaitAsync(cancellationToken);
        try
        {
            return Current() ?? await ReadAsync(cancellationToken);
        }
        finally
        {
            _loading.Release();
        }
    }

    /// <summary>What is known, with a list that still holds: the server is asked where the stored one has run out.</summary>
    /// <remarks>A server that does not answer leaves what is known as it is; its tools are not called then.</remarks>
    public async ValueTask<McpServerView> LoadFreshAsync(CancellationToken cancellationToken)
    {
        var view = await LoadAsync(cancellationToken);
        return view.IsFresh(_time.GetUtcNow()) ? view : await ListAsync(isForced: false, cancellationToken);
    }

    /// <summary>Asks the server for its tools and writes down what it says.</summary>
    /// <param name="isForced">Also where another has just asked.</param>
    public async Task<McpServerView> ListAsync(bool isForced, CancellationToken cancellationToken)
    {
        await _listing.WaitAsync(cancellationToken);
        try
        {
            var before = await ReadAsync(cancellationToken);
            if (!isForced && before.IsFresh(_time.GetUtcNow()))
            {
                return before;
            }

            using var patience = new CancellationTokenSource(ListPatience, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
            McpToolList said;
            try
            {
                said = await Breaker.RunAsync(token => AskAsync(token, cancellationToken), either.Token);
                _error = null;
            }
            catch (McpFailure failure)
            {
                _error = failure.Message;
                LogNotListed(Options.Name, failure.Kind);
                return before;
            }

            foreach (var changed in await _store.WriteAsync(Options.Name, Options.Endpoint, said, before.Rows, cancellationToken))
            {
                LogQuarantined(changed);
            }

            return await ReadAsync(cancellationToken);
        }
        finally
        {
            _listing.Release();
        }
    }

    /// <summary>Has the next reader ask storage: something was written.</summary>
    public void Forget() => _view = null;

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _loading.Dispose();
        _listing.Dispose();
    }

    private McpServerView? Current() => _view is { } view && _time.GetElapsedTime(view.LoadedAt) < ViewLifetime ? view : null;

    private async Task<McpToolList> AskAsync(CancellationToken cancellationToken, CancellationToken callersToken)
    {
        try
        {
            return await McpToolList.AskAsync(_connection, Options, cancellationToken);
        }
        catch (OperationCanceledException late) when (!callersToken.IsCancellationRequested)
        {
            throw new McpFailure(McpFailureKind.Unreachable, $"It did not list its tools within {ListPatience.TotalSeconds:0} s.", late);
        }
    }

    private async Task<McpServerView> ReadAsync(CancellationToken cancellationToken)
    {
        var loadedAt = _time.GetTimestamp();
        var known = _view?.Usable;
        var (list, rows) = await _store.ReadAsync(Options.Name, cancellationToken);
        Dictionary<string, AgentTool> usable = new(StringComparer.Ordinal);
        foreach (var row in rows.Where(row => row.Status == McpToolStatus.Approved && Options.Allows(row.Name)))
        {
            // The same object for the same definition: schemas are read once for each.
            var tool = known?.GetValueOrDefault(row.Name) is { } before && before.Mcp?.Hash == row.Hash
                ? before
                : await OpenAsync(row, cancellationToken);
            if (tool is not null)
            {
                usable[row.Name] = tool;
            }
        }

        return _view = new McpServerView(loadedAt, list, rows, usable);
    }

    /// <returns>Null for what cannot be decrypted: it was logged, and it is written anew with the next list.</returns>
    private async Task<AgentTool?> OpenAsync(McpToolRow row, CancellationToken cancellationToken)
    {
        try
        {
            var definition = await _store.OpenAsync(Options.Name, row, cancellationToken);

            // A row whose hash is not that of its definition is somebody's forgery; and after a move to another address, old approvals are void.
            return definition.HashFor(Options.Name, Options.Endpoint) == row.Hash
                ? _calls.ToTool(definition, new McpToolPin(Options.Name, row.Name, McpNames.CalledAs(Options.Name, row.Name), row.Hash))
                : null;
        }
        catch (ContentProtectionException)
        {
            return null;
        }
    }

    private void LogQuarantined(McpToolRow tool)
    {
        if (tool.Approved is null)
        {
            LogNew(Options.Name, tool.Name, tool.Hash);
        }
        else
        {
            LogChanged(Options.Name, tool.Name, tool.Hash, tool.Approved);
        }
    }

    [LoggerMessage(2020, LogLevel.Warning, "MCP server {Server} changed its approved tool {Tool}: {Hash} is not {Approved}. It is in quarantine until an operator approves it")]
    private partial void LogChanged(string server, string tool, string hash, string approved);

    [LoggerMessage(2021, LogLevel.Information, "MCP server {Server} offers a new tool {Tool} ({Hash}). It is in quarantine until an operator approves it")]
    private partial void LogNew(string server, string tool, string hash);

    [LoggerMessage(2022, LogLevel.Warning, "MCP server {Server} could not be asked for its tools ({Kind})")]
    private partial void LogNotListed(string server, McpFailureKind kind);
}
