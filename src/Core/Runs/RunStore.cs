using Azure;
using Azure.Data.Tables;
using Yggdrasil.Security;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs;

/// <summary>Runs and their journals in the Work table. Every change of state is one entity-group transaction.</summary>
internal sealed class RunStore(StorageClients storage, ContentVault vault, IEnumerable<IRunCompanion>? companions = null)
{
    /// <summary>Entries one transaction takes beside the run's row: of 100 entities and 4 MiB, at 32 KB each.</summary>
    public const int MaxEntriesPerCommit = 90;

    private readonly RunTransactions _transactions = new(storage, [.. companions ?? []]);
    private readonly RunRow _runs = new(vault);
    private readonly JournalRow _journal = new(vault);

    /// <summary>Commits a run's start: its row, its place in lists, its input.</summary>
    /// <returns>The run as stored, or null when a run of this id exists.</returns>
    /// <exception cref="Problems.ProblemException">A companion of the run, such as its owner's quota, refuses the start.</exception>
    public async Task<Run?> StartAsync(Run run, JournalEntry input, CancellationToken cancellationToken)
    {
        var partition = run.Caller.Owner.Partition;
        var list = new TableEntity(partition, RowKeys.ListEntry(run.CreatedAt, run.Id))
        {
            ["RunId"] = run.Id,
            ["AgentId"] = run.AgentId,
        };
        var first = await _journal.WriteAsync(partition, run.Id, input, cancellationToken);
        return await _transactions.CommitAsync(
            run with { NextSequence = 1 },
            (companion, starting) => companion.OnStartAsync(starting, cancellationToken),
            async started =>
            [
                new(TableTransactionActionType.Add, await _runs.InsertAsync(started, cancellationToken)),
                new(TableTransactionActionType.Add, first),
                .. run.BatchId is null ? [new TableTransactionAction(TableTransactionActionType.Add, list)] : Array.Empty<TableTransactionAction>(),
            ],
            cancellationToken);
    }

    public async Task<Run?> FindAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        return row.HasValue ? await _runs.ReadAsync(row.Value!, cancellationToken) : null;
    }

    /// <summary>A run without its content, which need not be readable.</summary>
    public async Task<Run?> FindPlainAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        return row.HasValue ? RunRow.ReadPlain(row.Value!) : null;
    }

    /// <summary>Notes that all who were to learn of a run's end have; a run that is gone meanwhile has nothing to note.</summary>
    public async Task SetNoticesDeliveredAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            var delivered = new TableEntity(partition, RowKeys.Run(runId)) { ["NoticesDelivered"] = true };
            await table.UpdateEntityAsync(delivered, ETag.All, TableUpdateMode.Merge, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == StorageStatus.NotFound)
        {
            // Deleted.
        }
    }

    /// <summary>Asks whoever drives a run to end it as cancelled. One that has ended, or is not there, stays as it is.</summary>
    public async Task RequestCancelAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            var flag = new TableEntity(partition, RowKeys.Run(runId)) { ["CancelRequested"] = true };
            await table.UpdateEntityAsync(flag, ETag.All, TableUpdateMode.Merge, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == StorageStatus.NotFound)
        {
            // Nothing is there to be cancelled.
        }
    }

    /// <summary>The orchestration to wake for a run that has not ended; null for one that has, or is gone.</summary>
    public async Task<string?> FindDriverAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), ["Driver", "Status"], cancellationToken);
        return row.HasValue && !RunRow.IsTerminal(row.Value!) ? row.Value!.GetString("Driver") : null;
    }

    /// <summary>A run and its journal, in one request.</summary>
    public async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)?> LoadAsync(
        string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var start = RowKeys.Run(runId);
        var rows = await table.QueryAsync<TableEntity>(RowKeys.RangeOf(partition, start), cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        return rows.Count > 0 && rows[0].RowKey == start ? await ReadAsync(rows, cancellationToken) : null;
    }

    /// <summary>A run of its row and those of its journal, which follow it.</summary>
    public async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)> ReadAsync(IReadOnlyList<TableEntity> rows, CancellationToken cancellationToken)
    {
        var run = await _runs.ReadAsync(rows[0], cancellationToken);
        List<JournalEntry> entries = [];
        foreach (var row in rows.Skip(1))
        {
            entries.Add(await _journal.ReadAsync(row, cancellationToken));
        }

        return (run, entries);
    }

    /// <summary>Commits entries and the run's new state under the version of the row that <paramref name="next"/> carries.</summary>
    /// <param name="before">The journal up to here, where it is known.</param>
    /// <returns>The run as stored, or null when the row has changed since.</returns>
    public async Task<Run?> CommitAsync(
        Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken, Transcript? before = null)
    {
        List<TableTransactionAction> steps = [];
        foreach (var entry in entries)
        {
            steps.Add(new(TableTransactionActionType.Add, await _journal.WriteAsync(next.Caller.Owner.Partition, next.Id, entry, cancellationToken)));
        }

        return await _transactions.CommitAsync(
            next with { NextSequence = next.NextSequence + entries.Count },
            (companion, changed) => changed.IsTerminal && before is not null
                ? companion.OnEndAsync(changed, before, entries, cancellationToken)
                : companion.OnCommitAsync(changed, cancellationToken),
            async stored => [new(TableTransactionActionType.UpdateMerge, await _runs.UpdateAsync(stored, cancellationToken), next.ETag), .. steps],
            cancellationToken);
    }

    /// <summary>Where the list's entries are: those of a conversation have a place of their own, so that they are found without reading past others.</summary>
    public static string PrefixOf(RunFilter filter) =>
        filter.ConversationId is { } conversation ? RowKeys.ConversationRuns(conversation) : RowKeys.ListPrefix;

    /// <summary>Runs of an owner, newest first, that match; a page may hold fewer than asked for, or none, and still go on.</summary>
    public async Task<ListPage<Run>> ListAsync(Owner owner, RunFilter filter, int limit, string? after, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var prefix = PrefixOf(filter);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {owner.Partition} and RowKey gt {after ?? prefix} and RowKey lt {RowKeys.EndOfPrefix(prefix)}");
        if (filter.AgentId is { } agent)
        {
            range += " and " + TableClient.CreateQueryFilter($"AgentId eq {agent}");
        }

        List<TableEntity> entries = [];
        await foreach (var row in table.QueryAsync<TableEntity>(range, maxPerPage: limit + 1, cancellationToken: cancellationToken))
        {
            entries.Add(row);
            if (entries.Count > limit)
            {
                break;
            }
        }

        var page = entries.Take(limit).ToList();
        var runs = await Task.WhenAll(page.Select(row => FindToShowAsync(owner.Partition, row.GetString("RunId"), cancellationToken)));
        return new ListPage<Run>(
            [.. runs.OfType<Run>().Where(run => filter.Status is null || run.Status == filter.Status)],
            entries.Count > limit ? page[^1].RowKey : null);
    }

    /// <summary>Ends a run as failed without reading its content, which cannot be read: only plain properties are used.</summary>
    /// <returns>Parked until its present driver's lease ends, if somebody drives it; finished when it has ended or is gone.</returns>
    public async Task<SliceOutcome> EndUnreadAsync(string partition, string runId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        while (true)
        {
            var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
            if (!found.HasValue || RunRow.IsTerminal(found.Value!))
            {
                return found.HasValue ? SliceOutcome.Ended(RunRow.ReadPlain(found.Value!)) : SliceOutcome.Finished;
            }

            var row = found.Value!;
            if (row.GetDateTimeOffset("LeaseUntil") is { } until && until > now)
            {
                return SliceOutcome.Parked(until);
            }

            // Null when somebody set a flag, took the lease or deleted the run: look again.
            if (await _transactions.CommitAsync(
                RunRow.ReadUnreadable(row).End(StopReason.InternalError, output: null, now, RunError.ContentUnreadable),
                (companion, ended) => companion.OnCommitAsync(ended, cancellationToken),
                changed => Task.FromResult<IReadOnlyList<TableTransactionAction>>(
                    [new(TableTransactionActionType.UpdateMerge, RunRow.EndUnread(row, changed, now), row.ETag)]),
                cancellationToken) is { } ended)
            {
                return SliceOutcome.Ended(ended);
            }
        }
    }

    /// <summary>A run of a list: one that cannot be read is shown without content, so that it does not hide the others.</summary>
    public async Task<Run?> FindToShowAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        if (!row.HasValue)
        {
            return null;
        }

        try
        {
            return await _runs.ReadAsync(row.Value!, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            return RunRow.ReadUnreadable(row.Value!);
        }
    }
}

/// <summary>Which runs a list shows; absent members match every run.</summary>
public sealed record RunFilter(RunStatus? Status = null, string? AgentId = null, string? ConversationId = null);
