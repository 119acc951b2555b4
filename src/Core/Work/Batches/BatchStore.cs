using Azure;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Work.Batches;

/// <summary>Batches in the Work table. Their items are the <see cref="BatchItemStore"/>'s.</summary>
internal sealed class BatchStore(StorageClients storage, ContentVault vault, UnknownValues unknown)
{
    private readonly BatchRow _rows = new(vault);

    /// <summary>A batch; also one whose removal was begun.</summary>
    /// <exception cref="ContentProtectionException">The row's content cannot be trusted or read.</exception>
    public async Task<Batch?> FindAsync(string partition, string batchId, CancellationToken cancellationToken) =>
        await FindRowAsync(partition, batchId, cancellationToken) is { } row ? Noted(await _rows.ReadAsync(row, cancellationToken), row) : null;

    /// <summary>A batch without its content, which need not be readable.</summary>
    public async Task<Batch?> FindPlainAsync(string partition, string batchId, CancellationToken cancellationToken) =>
        await FindRowAsync(partition, batchId, cancellationToken) is { } row ? Noted(BatchRow.ReadPlain(row), row) : null;

    /// <summary>Writes a batch that is being accepted, with its place in lists.</summary>
    /// <returns>Null when there is one of this id.</returns>
    public async Task<Batch?> AddAsync(Batch batch, CancellationToken cancellationToken)
    {
        var place = new TableEntity(batch.Caller.Owner.Partition, RowKeys.BatchListEntry(batch.CreatedAt, batch.Id)) { ["BatchId"] = batch.Id };
        return await SubmitAsync(
            batch,
            [
                new(TableTransactionActionType.Add, await _rows.WriteAsync(batch, cancellationToken)),
                new(TableTransactionActionType.Add, place),
            ],
            cancellationToken);
    }

    /// <summary>Writes the whole row of a batch that is being accepted, under the version it was read in.</summary>
    /// <returns>Null when it has changed since.</returns>
    public async Task<Batch?> ReplaceAsync(Batch batch, CancellationToken cancellationToken) => await SubmitAsync(
        batch, [new(TableTransactionActionType.UpdateReplace, await _rows.WriteAsync(batch, cancellationToken), batch.ETag)], cancellationToken);

    /// <summary>Writes what changes of a batch that was accepted.</summary>
    /// <returns>Null when it has changed since it was read.</returns>
    public Task<Batch?> UpdateAsync(Batch batch, CancellationToken cancellationToken) =>
        SubmitAsync(batch, [new(TableTransactionActionType.UpdateMerge, BatchRow.Update(batch), batch.ETag)], cancellationToken);

    /// <summary>Writes that a batch begins another round.</summary>
    /// <returns>Null when it has changed since it was read.</returns>
    public Task<Batch?> BeginRoundAsync(Batch batch, CancellationToken cancellationToken) =>
        SubmitAsync(batch, [new(TableTransactionActionType.UpdateMerge, BatchRow.UpdateForRound(batch), batch.ETag)], cancellationToken);

    /// <summary>Removes a batch's row, in the version it was read in, and its place in lists.</summary>
    /// <returns>Whether it is gone; false when somebody has changed it since.</returns>
    public async Task<bool> RemoveAsync(Batch batch, CancellationToken cancellationToken)
    {
        var partition = batch.Caller.Owner.Partition;
        if (await FindRowAsync(partition, batch.Id, cancellationToken) is not { } row)
        {
            return true;
        }

        var place = new TableEntity(partition, RowKeys.BatchListEntry(batch.CreatedAt, batch.Id));
        if (await SubmitAsync(
            batch,
            [new(TableTransactionActionType.Delete, row, batch.ETag), new(TableTransactionActionType.Delete, place, ETag.All)],
            cancellationToken) is null)
        {
            return false;
        }

        await vault.DeleteBlobsAsync(row, cancellationToken);
        return true;
    }

    /// <summary>Batches of an owner, newest first, without their content.</summary>
    public async Task<ListPage<Batch>> ListAsync(Owner owner, int limit, string? after, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {owner.Partition} and RowKey gt {after ?? RowKeys.BatchListPrefix} and RowKey lt {RowKeys.EndOfPrefix(RowKeys.BatchListPrefix)}");
        var places = await table.QueryAsync<TableEntity>(range, limit + 1, cancellationToken: cancellationToken)
            .Take(limit + 1).ToListAsync(cancellationToken);
        var found = await Task.WhenAll(places.Take(limit).Select(place => FindPlainAsync(owner.Partition, place.GetString("BatchId"), cancellationToken)));
        return new ListPage<Batch>(
            [.. found.OfType<Batch>().Where(batch => !batch.IsDeleted)], places.Count > limit ? places[limit - 1].RowKey : null);
    }

    private Batch Noted(Batch batch, TableEntity row)
    {
        if (batch.HasUnknownStatus)
        {
            unknown.Add(StorageClients.WorkTable, "Status of a batch", row.GetString("Status"));
        }

        return batch;
    }

    private async Task<TableEntity?> FindRowAsync(string partition, string batchId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.Batch(batchId), cancellationToken: cancellationToken);
        return found.HasValue ? found.Value : null;
    }

    private async Task<Batch?> SubmitAsync(Batch batch, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            var answers = await table.SubmitTransactionAsync(actions, cancellationToken);
            return batch with { ETag = answers.Value[0].Headers.ETag ?? default };
        }
        catch (RequestFailedException failure) when (failure.Status is Conflict or PreconditionFailed or NotFound)
        {
            return null;
        }
    }
}
