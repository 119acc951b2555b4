using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs;

/// <summary>Removes runs that have ended: their rows, journals, places in lists, blobs and durable history.</summary>
internal sealed class RunRemoval(StorageClients storage, RowRemoval rows)
{
    /// <summary>Removes a run. To do it again changes nothing; a run that was cut short is completed.</summary>
    public async Task RemoveAsync(string partition, string runId, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var key = RowKeys.Run(runId);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey ge {key} and RowKey lt {RowKeys.EndOfChildren(key)}");
        var found = await table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken).ToListAsync(cancellationToken);
        if (found.Find(row => row.RowKey == key) is not { } run)
        {
            await rows.RemoveAsync(found, cancellationToken);
            return;
        }

        // The run's row goes last: it says where the others are.
        await rows.RemoveAsync([.. found.Where(row => row != run), .. PlacesOf(run, runId), run], cancellationToken);
        foreach (var instance in InstancesOf(run, runId))
        {
            await scheduler.PurgeAsync(instance, cancellationToken);
        }
    }

    private static IEnumerable<TableEntity> PlacesOf(TableEntity run, string runId)
    {
        var createdAt = run.GetDateTimeOffset("CreatedAt") ?? default;
        yield return new TableEntity(run.PartitionKey, RowKeys.ListEntry(createdAt, runId));
        if (run.GetString("ConversationId") is { } conversation)
        {
            yield return new TableEntity(run.PartitionKey, RowKeys.ConversationRun(conversation, createdAt, runId));
        }
    }

    /// <summary>The instances a run may have had: one from its start, a backup of a request that drove it, that one's successor.</summary>
    private static IEnumerable<string> InstancesOf(TableEntity run, string runId) =>
        new[] { Ids.Driver(runId, 0), Ids.Driver(runId, 1), Ids.Driver(runId, 2), run.GetString("Driver") }.Distinct();
}
