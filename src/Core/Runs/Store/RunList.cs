using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Store;

/// <summary>Runs as lists show them.</summary>
internal sealed class RunList(StorageClients storage, ContentVault vault, RunStore store)
{
    private readonly RunRow _runs = new(vault);

    /// <summary>Where the list's entries are: those of a conversation have a place of their own, so that they are found without reading past others.</summary>
    public static string PrefixOf(RunFilter filter) =>
        filter.ConversationId is { } conversation ? RowKeys.ConversationRuns(conversation) : RowKeys.ListPrefix;

    /// <summary>Runs of an owner, newest first, that match; a page may hold fewer than asked for, or none, and still go on.</summary>
    public async Task<ListPage<Run>> ListAsync(Owner owner, RunFilter filter, int limit, string? after, CancellationToken cancellationToken)
    {
        var entries = filter.Parent is { } parent
            ? await ChildrenAsync(owner, parent, after, limit + 1, cancellationToken)
            : await EntriesAsync(owner, filter, after, limit + 1, cancellationToken);
        var page = entries.Take(limit).ToList();
        var runs = await Task.WhenAll(page.Select(entry => filter.WithInput
            ? FindWithInputToShowAsync(owner.Partition, entry.RunId, cancellationToken)
            : FindToShowAsync(owner.Partition, entry.RunId, cancellationToken)));
        return new ListPage<Run>([.. runs.OfType<Run>().Where(filter.Matches)], entries.Count > limit ? page[^1].Key : null);
    }

    /// <summary>A run of a list: one that cannot be read is shown without content, so that it does not hide the others.</summary>
    public async Task<Run?> FindToShowAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var row = await FindRowAsync(partition, runId, cancellationToken);
        try
        {
            return row is null ? null : await _runs.ReadAsync(row, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            return RunRow.ReadUnreadable(row!);
        }
    }

    private async Task<Run?> FindWithInputToShowAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        try
        {
            return await store.FindWithInputAsync(partition, runId, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            return await FindRowAsync(partition, runId, cancellationToken) is { } row ? RunRow.ReadUnreadable(row) : null;
        }
    }

    private async Task<TableEntity?> FindRowAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        return row.HasValue && !RunRow.IsTombstone(row.Value!) ? row.Value : null;
    }

    private async Task<List<(string Key, string RunId)>> EntriesAsync(
        Owner owner, RunFilter filter, string? after, int most, CancellationToken cancellationToken)
    {
        // Keys grow with age: what is newer than the filter's end comes first, what is older than its beginning last.
        var prefix = PrefixOf(filter);
        var newest = filter.Until is { } until ? RowKeys.ListedBefore(prefix, until) : prefix;
        var start = after is null || string.CompareOrdinal(after, newest) < 0 ? newest : after;
        var end = filter.Since is { } since ? RowKeys.ListedBefore(prefix, since) : RowKeys.EndOfPrefix(prefix);
        var range = TableClient.CreateQueryFilter($"PartitionKey eq {owner.Partition} and RowKey gt {start} and RowKey lt {end}");
        if (filter.AgentId is { } agent)
        {
            range += " and " + TableClient.CreateQueryFilter($"AgentId eq {agent}");
        }

        var table = await storage.GetWorkTableAsync(cancellationToken);
        List<(string Key, string RunId)> entries = [];
        await foreach (var row in table.QueryAsync<TableEntity>(range, maxPerPage: most, cancellationToken: cancellationToken))
        {
            entries.Add((row.RowKey, row.GetString("RunId")));
            if (entries.Count == most)
            {
                break;
            }
        }

        return entries;
    }

    /// <summary>The runs that a run's calls were made as: few, and named in its journal, so that nothing else is read past.</summary>
    private async Task<List<(string Key, string RunId)>> ChildrenAsync(
        Owner owner, string parent, string? after, int most, CancellationToken cancellationToken)
    {
        var ids = await store.FindChildrenAsync(owner.Partition, parent, cancellationToken);
        var children = await Task.WhenAll(ids.Select(id => store.FindHeadAsync(owner.Partition, id, cancellationToken)));
        return
        [
            .. children.OfType<RunHead>()
                .Where(child => child.Parent?.RunId == parent)
                .Select(child => (Key: RowKeys.ListEntry(child.CreatedAt, child.Id), RunId: child.Id))
                .OrderBy(child => child.Key, StringComparer.Ordinal)
                .Where(child => string.CompareOrdinal(child.Key, after) > 0)
                .Take(most),
        ];
    }
}

/// <summary>Which runs a list shows; absent members match every run.</summary>
public sealed record RunFilter(RunStatus? Status = null, string? AgentId = null, string? ConversationId = null)
{
    /// <summary>Whether each is to be read with what it was asked, which takes another request to storage.</summary>
    public bool WithInput { get; init; }

    /// <summary>The run whose calls they were made as.</summary>
    public string? Parent { get; init; }

    /// <summary>Pairs that their metadata have, all of them.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The earliest time at which they were created.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>The time before which they were created.</summary>
    public DateTimeOffset? Until { get; init; }

    internal bool Matches(Run run) =>
        (Status is null || run.Status == Status)
        && (AgentId is null || run.AgentId == AgentId)
        && (ConversationId is null || run.ConversationId == ConversationId)
        && (Parent is null || run.Parent?.RunId == Parent)
        && (Since is null || run.CreatedAt >= Since)
        && (Until is null || run.CreatedAt < Until)
        && Metadata.All(pair => run.Metadata.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
