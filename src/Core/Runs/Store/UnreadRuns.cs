using Azure.Data.Tables;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Telemetry;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Store;

/// <summary>Ends runs whose content cannot be read, by what their rows say in plain.</summary>
internal sealed class UnreadRuns(StorageClients storage, RunTransactions transactions, JournalRow journal, Contention contention)
{
    /// <summary>Ends a run as failed without reading its content, which cannot be read: only plain properties are used.</summary>
    /// <returns>Parked until its present driver's lease ends, if somebody drives it; finished when it has ended or is gone.</returns>
    public async Task<SliceOutcome> EndAsync(
        string partition, string runId, RunError error, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        return await contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<SliceOutcome> AttemptAsync()
        {
            var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
            if (!found.HasValue || RunRow.IsTerminal(found.Value!))
            {
                return found.HasValue ? SliceOutcome.Ended(RunRow.ReadHead(found.Value!)) : SliceOutcome.Finished;
            }

            if (found.Value!.GetDateTimeOffset("LeaseUntil") is { } until && until > now)
            {
                return SliceOutcome.Parked(until);
            }

            // Null when somebody set a flag, took the lease or deleted the run: look again.
            var end = RunEnd.Unread(RunRow.ReadUnreadable(found.Value!), await ReadCallsAsync(table, partition, runId, cancellationToken), error, now);
            var ended = await CommitAsync(end, found.Value!, cancellationToken) ?? throw new ContendedException();
            RunMetrics.Committed(ended, end.Entries);
            return SliceOutcome.Ended(ended);
        }
    }

    private Task<Run?> CommitAsync(RunEnd end, TableEntity row, CancellationToken cancellationToken) => transactions.CommitAsync(
        end.Run with { NextSequence = end.Run.NextSequence + end.Entries.Count },
        (companion, ended) => companion.OnCommitAsync(ended, cancellationToken),
        async changed =>
        [
            new(TableTransactionActionType.UpdateMerge, RunRow.EndUnread(row, changed), row.ETag),
            .. await journal.AddAsync(end.Run, end.Entries.Numbered(end.Run.NextSequence), cancellationToken),
        ],
        cancellationToken);

    /// <summary>What a journal says in plain of tool calls that were begun, and of those that have their results.</summary>
    private static async Task<IReadOnlyList<JournalEntry>> ReadCallsAsync(
        TableClient table, string partition, string runId, CancellationToken cancellationToken) =>
        await table.QueryAsync<TableEntity>(RowKeys.RangeOf(partition, RowKeys.Run(runId)), select: JournalRow.Plain, cancellationToken: cancellationToken)
            .Select(JournalRow.ReadCall).OfType<JournalEntry>().ToListAsync(cancellationToken);
}
