using Azure.Data.Tables;
using Yggdrasil.Notifications.Callbacks;
using Yggdrasil.Retention;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs;

/// <summary>Removes runs that have ended: their rows, journals, places in lists, blobs and durable history.</summary>
internal sealed class RunRemoval(StorageClients storage, RowRemoval rows, DueStore due, TimeProvider time)
{
    /// <summary>Removes a run. To do it again changes nothing; a run that was cut short is completed.</summary>
    public async Task RemoveAsync(string partition, string runId, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var key = RowKeys.Run(runId);
        var found = await table.QueryAsync<TableEntity>(RowKeys.RangeOf(partition, key), cancellationToken: cancellationToken)
            .ToListAsync(cancellationToken);
        if (found.Find(row => row.RowKey == key) is not { } run)
        {
            await rows.RemoveAsync(found, cancellationToken);
            return;
        }

        // The run's row goes last: it says where the others are.
        await rows.RemoveAsync([.. found.Where(row => row != run), .. PlacesOf(run, runId), run], cancellationToken);
        await PurgeHistoryAsync(run, scheduler, cancellationToken);
    }

    /// <summary>Purges a run's durable history, which holds ids only; what of it has not ended yet, when it has.</summary>
    public async Task PurgeHistoryAsync(TableEntity run, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        foreach (var instance in InstancesOf(run))
        {
            if (!await scheduler.PurgeAsync(instance, cancellationToken))
            {
                // A backup that has not started yet, for instance.
                var tomorrow = DueItem.DayOf(time.GetUtcNow()).AddDays(1);
                await due.AddAsync(new DueItem(tomorrow, DueKind.Instance, "", instance), cancellationToken);
            }
        }
    }

    private static IEnumerable<TableEntity> PlacesOf(TableEntity run, string runId)
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

    /// <summary>Whether a row is a run's own, and not one of its journal.</summary>
    public static bool IsRun(TableEntity row) =>
        row.RowKey.StartsWith(RowKeys.Run(""), StringComparison.Ordinal) && row.RowKey.LastIndexOf('!') == RowKeys.Run("").Length - 1;

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
