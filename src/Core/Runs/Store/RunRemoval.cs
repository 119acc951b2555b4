using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Store;

/// <summary>Removes runs that have ended: their rows, journals, decisions, list entries, blobs and durable history.</summary>
/// <remarks>
/// What a caller deletes leaves a tombstone, because its idempotency key must not make the run anew:
/// <code>
///   [written down] ──► [the row becomes a tombstone] ──► journal, decisions, blobs, list entries ──► durable history ──► [bare tombstone]
/// </code>
/// From the tombstone on nobody sees the run and nobody can write under its id. Whatever stops the removal after that, the timer
/// completes it, or whoever asks for it again; and the timer removes the tombstone once the run would have expired.
/// </remarks>
internal sealed class RunRemoval(
    StorageClients storage, ContentVault vault, RowRemoval rows, ApprovalIndex index, DueStore due, IRunScheduler scheduler, TimeProvider time)
{
    /// <summary>Removes a run. To do it again changes nothing; a run that was cut short is completed.</summary>
    public async Task RemoveAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var (run, children) = await FindAsync(partition, runId, cancellationToken);
        if (run is null)
        {
            await rows.RemoveAsync(children, cancellationToken);
            return;
        }

        if (RunRow.Streams(run))
        {
            await DeltaLog.DeleteAsync(storage, partition, runId, cancellationToken);
        }

        await index.RemoveAsync(partition, runId, cancellationToken);
        await RemoveReplacedAsync(run, cancellationToken);

        // The run's row goes last: it says where all else is, the durable history too.
        await PurgeHistoryAsync(run, cancellationToken);
        await rows.RemoveAsync([.. children, .. ListRowsOf(run, runId), run], cancellationToken);
    }

    /// <summary>Puts a tombstone in a run's place and removes all else of it.</summary>
    /// <exception cref="ConflictException">The run has changed since it was read.</exception>
    public async Task DeleteAsync(Run run, CancellationToken cancellationToken)
    {
        var partition = run.Caller.Owner.Partition;
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(run.Id), cancellationToken: cancellationToken);
        if (!found.HasValue || RunRow.IsTombstone(found.Value!))
        {
            return;
        }

        var now = time.GetUtcNow();
        await due.AddAsync(new DueItem(DueItem.DayAfter(now), DueKind.Tombstone, partition, run.Id), cancellationToken);
        try
        {
            await table.UpdateEntityAsync(RunRow.Tombstone(found.Value!, now), run.ETag, TableUpdateMode.Replace, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            throw new ConflictException("The run is being changed by others; try again.");
        }

        if (run.Stream)
        {
            await DeltaLog.DeleteAsync(storage, partition, run.Id, cancellationToken);
        }

        await CompleteAsync(partition, run.Id, cancellationToken);
    }

    /// <summary>Removes what is still there of a run that was deleted.</summary>
    /// <returns>When it was deleted, and whether something was left; null when there is no tombstone.</returns>
    public async Task<(DateTimeOffset TombstonedAt, bool WasLeft)?> CompleteAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        if (!found.HasValue || !RunRow.IsTombstone(found.Value!))
        {
            return null;
        }

        var tombstone = found.Value!;
        var tombstonedAt = RunRow.TombstonedAt(tombstone);
        if (RunRow.IsBare(tombstone))
        {
            return (tombstonedAt, WasLeft: false);
        }

        var (_, children) = await FindAsync(partition, runId, cancellationToken);
        await index.RemoveAsync(partition, runId, cancellationToken);
        await RemoveReplacedAsync(tombstone, cancellationToken);
        await vault.DeleteBlobsAsync(tombstone, cancellationToken);
        await rows.RemoveAsync([.. children, .. ListRowsOf(tombstone, runId)], cancellationToken);
        await PurgeHistoryAsync(tombstone, cancellationToken);
        await table.UpdateEntityAsync(RunRow.Bare(tombstone), ETag.All, TableUpdateMode.Replace, cancellationToken);
        return (tombstonedAt, WasLeft: true);
    }

    /// <summary>Purges a run's durable history, which holds ids only; what of it has not ended yet, when it has.</summary>
    public async Task PurgeHistoryAsync(TableEntity run, CancellationToken cancellationToken)
    {
        foreach (var instance in InstancesOf(run))
        {
            if (!await scheduler.PurgeAsync(instance, cancellationToken))
            {
                // One that waits to look for its run, for instance.
                var tomorrow = DueItem.DayAfter(time.GetUtcNow());
                await due.AddAsync(new DueItem(tomorrow, DueKind.Instance, "", instance), cancellationToken);
            }
        }
    }

    /// <summary>Whether a row is a run's own, and not one of its journal.</summary>
    public static bool IsRun(TableEntity row) =>
        row.RowKey.StartsWith(RowKeys.Run(""), StringComparison.Ordinal) && row.RowKey.LastIndexOf('!') == RowKeys.Run("").Length - 1;

    private async Task<(TableEntity? Run, List<TableEntity> Children)> FindAsync(
        string partition, string runId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var key = RowKeys.Run(runId);
        var found = await table.QueryAsync<TableEntity>(RowKeys.RangeOf(partition, key), cancellationToken: cancellationToken)
            .ToListAsync(cancellationToken);
        return (found.Find(row => row.RowKey == key), found.FindAll(row => row.RowKey != key));
    }

    /// <summary>The blobs that the row referred to once, and whose readers may have been under way then.</summary>
    private async Task RemoveReplacedAsync(TableEntity run, CancellationToken cancellationToken)
    {
        foreach (var name in RunRow.ReplacedBlobsOf(run))
        {
            await vault.DeleteBlobAsync(run.PartitionKey, name, cancellationToken);
        }
    }

    private static IEnumerable<TableEntity> ListRowsOf(TableEntity run, string runId)
    {
        var createdAt = run.GetDateTimeOffset("CreatedAt") ?? default;
        if (run.GetString(RunRow.BatchId) is null)
        {
            yield return new TableEntity(run.PartitionKey, RowKeys.ListEntry(createdAt, runId));
        }

        if (run.GetString("ConversationId") is { } conversation)
        {
            yield return new TableEntity(run.PartitionKey, RowKeys.ConversationRun(conversation, createdAt, runId));
        }
    }

    /// <summary>The instances a run may have had: one from its start, a backup of a request that drove it, that one's successor, its callback's.</summary>
    private static IEnumerable<string> InstancesOf(TableEntity run)
    {
        var id = run.RowKey[RowKeys.Run("").Length..];
        if (run.GetString(RunRow.BatchId) is not null)
        {
            // Its batch drives it; it has one only where it had to be handed over.
            return [run.GetString("Driver")];
        }

        return new[] { Ids.Driver(id, 0), Ids.Driver(id, 1), Ids.Driver(id, 2), run.GetString("Driver"), CallbackStore.InstanceOf(run) }
            .OfType<string>().Distinct();
    }
}
