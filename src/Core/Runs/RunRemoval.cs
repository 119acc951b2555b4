using Azure;
using Azure.Data.Tables;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Security;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs;

/// <summary>Removes runs that have ended.</summary>
/// <remarks>
/// <code>
///   [run's row becomes a tombstone] ──► journal, decisions, their blobs ──► place in lists ──► durable history ──► [tombstone is bare]
/// </code>
/// From the first step on nobody sees the run and nobody can write under its id. A tombstone keeps what the rest of the
/// removal needs and no content, so whoever finds it can finish what a crash has interrupted. It stays when all is done: a
/// repeated idempotency key must not make the run anew. Instances that have not ended yet, such as a backup that is to
/// start in half a minute, are written down in the partition <see cref="PurgePartition"/>.
/// </remarks>
internal sealed class RunRemoval(StorageClients storage, ContentVault vault, ApprovalIndex index, TimeProvider time)
{
    /// <summary>Instances whose history is still to be purged, row key = instance id. Partitions of owners hold a '!'.</summary>
    public const string PurgePartition = "purge";

    private const int SchemaVersion = 1;
    private const int RowsPerTransaction = 100;
    private const string ListKey = "ListKey";
    private const string Instances = "Instances";
    private const string Approvers = "Approvers";

    /// <exception cref="Problems.ConflictException">The run has changed since it was read.</exception>
    public async Task RemoveAsync(Run run, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var owner = run.Caller.Owner;
        var found = await table.GetEntityIfExistsAsync<TableEntity>(owner.Partition, RowKeys.Run(run.Id), cancellationToken: cancellationToken);
        if (!found.HasValue || RunRow.IsTombstone(found.Value!))
        {
            return;
        }

        var tombstone = Bare(found.Value!, time.GetUtcNow());
        tombstone[ListKey] = RowKeys.ListEntry(run.CreatedAt, run.Id);
        tombstone[Instances] = string.Join(' ', new[] { Ids.Driver(run.Id, 0), Ids.Driver(run.Id, 1), run.Driver }.Distinct());
        tombstone[Approvers] = string.Join('\n', ApprovalIndex.PartitionsOf(run));
        tombstone[RunRow.ReplacedBlobs] = found.Value!.GetString(RunRow.ReplacedBlobs);
        foreach (var (name, value) in found.Value!)
        {
            // Of its content only where the blobs are, which are still to be removed.
            if (value is byte[] stored && ContentVault.IsReference(stored))
            {
                tombstone[name] = stored;
            }
        }

        try
        {
            await table.UpdateEntityAsync(tombstone, run.ETag, TableUpdateMode.Replace, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            throw new Problems.ConflictException("The run is being changed by others; try again.");
        }

        await FinishAsync(owner, run.Id, scheduler, cancellationToken);
    }

    /// <summary>Finishes a removal that was begun.</summary>
    /// <returns>Whether there was one to finish.</returns>
    public async Task<bool> FinishAsync(Owner owner, string runId, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(owner.Partition, RowKeys.Run(runId), cancellationToken: cancellationToken);
        if (!found.HasValue || !RunRow.IsTombstone(found.Value!) || found.Value!.GetString(ListKey) is not { } listKey)
        {
            return false;
        }

        var tombstone = found.Value!;
        var calls = await RemoveChildrenAsync(table, owner.Partition, runId, cancellationToken);
        await index.RemoveAsync(tombstone.GetString(Approvers)?.Split('\n') ?? [], runId, calls, cancellationToken);
        await RemoveBlobsAsync(tombstone, cancellationToken);
        await table.DeleteEntityAsync(owner.Partition, listKey, ETag.All, cancellationToken);
        await PurgeAsync(table, tombstone.GetString(Instances).Split(' '), scheduler, cancellationToken);
        await table.UpdateEntityAsync(
            Bare(tombstone, tombstone.GetDateTimeOffset(RunRow.DeletedAt)!.Value), ETag.All, TableUpdateMode.Replace, cancellationToken);
        return true;
    }

    /// <returns>The calls that were asked about; their index rows lie elsewhere.</returns>
    private async Task<List<string>> RemoveChildrenAsync(TableClient table, string partition, string runId, CancellationToken cancellationToken)
    {
        var run = RowKeys.Run(runId);
        var children = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey gt {run} and RowKey lt {RowKeys.EndOfChildren(run)}");
        List<string> calls = [];
        await foreach (var page in table.QueryAsync<TableEntity>(children, RowsPerTransaction, cancellationToken: cancellationToken).AsPages())
        {
            foreach (var row in page.Values)
            {
                await RemoveBlobsAsync(row, cancellationToken);
                if (row.GetString("Kind") == nameof(EntryKind.ApprovalRequested))
                {
                    calls.Add(row.GetString("CallId"));
                }
            }

            foreach (var rows in page.Values.Chunk(RowsPerTransaction))
            {
                await DeleteAsync(table, rows, cancellationToken);
            }
        }

        return calls;
    }

    private static async Task DeleteAsync(TableClient table, TableEntity[] rows, CancellationToken cancellationToken)
    {
        try
        {
            await table.SubmitTransactionAsync(
                rows.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All)), cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound)
        {
            // Another request deletes the same run. One by one, because a row that is gone fails the whole transaction.
            foreach (var row in rows)
            {
                await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellationToken);
            }
        }
    }

    private async Task RemoveBlobsAsync(TableEntity row, CancellationToken cancellationToken)
    {
        foreach (var stored in row.Select(property => property.Value).OfType<byte[]>())
        {
            await vault.RemoveAsync(row.PartitionKey, stored, cancellationToken);
        }

        foreach (var name in row.GetString(RunRow.ReplacedBlobs)?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [])
        {
            await vault.RemoveAsync(row.PartitionKey, name, cancellationToken);
        }
    }

    private static async Task PurgeAsync(TableClient table, string[] instances, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        foreach (var instance in instances)
        {
            if (!await scheduler.PurgeAsync(instance, cancellationToken))
            {
                await table.UpsertEntityAsync(
                    new TableEntity(PurgePartition, instance) { ["Version"] = SchemaVersion }, TableUpdateMode.Replace, cancellationToken);
            }
        }
    }

    /// <summary>What stays: that there was such a run, which has ended and was deleted.</summary>
    private static TableEntity Bare(TableEntity run, DateTimeOffset deletedAt) => new(run.PartitionKey, run.RowKey)
    {
        ["Version"] = SchemaVersion,
        ["Status"] = run.GetString("Status"),
        [RunRow.DeletedAt] = deletedAt,
    };
}
