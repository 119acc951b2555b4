using Azure;
using Azure.Data.Tables;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Storage;

/// <summary>Removes rows of the Work table for good, with the blobs they refer to.</summary>
/// <remarks>
/// Blobs go first: after a crash in between, the rows are still there to say what is left to do. So remove only what nobody
/// reads any more.
/// </remarks>
internal sealed class RowRemoval(StorageClients storage, ContentVault vault)
{
    /// <summary>What one transaction takes.</summary>
    private const int MaxRows = 100;
    private const int MaxParallelBlobs = 8;

    /// <summary>Removes the rows of a partition from <paramref name="from"/> up to <paramref name="to"/>, exclusive.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> RemoveRangeAsync(string partition, string from, string to, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = RowKeys.Range(partition, from, to);
        var count = 0;
        await foreach (var page in table.QueryAsync<TableEntity>(range, MaxRows, cancellationToken: cancellationToken).AsPages())
        {
            await RemoveAsync(page.Values, cancellationToken);
            count += page.Values.Count;
        }

        return count;
    }

    /// <summary>Removes rows of one partition, in their order; one that is gone already is no failure.</summary>
    public async Task RemoveAsync(IReadOnlyList<TableEntity> rows, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = MaxParallelBlobs, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(rows, parallel, async (row, token) => await vault.DeleteBlobsAsync(row, token));
        foreach (var some in rows.Chunk(MaxRows))
        {
            try
            {
                await table.SubmitTransactionAsync(
                    some.Select(row => new TableTransactionAction(TableTransactionActionType.Delete, row, ETag.All)), cancellationToken);
            }
            catch (RequestFailedException failure) when (failure.Status == NotFound)
            {
                // Another one removes the same rows.
                foreach (var row in some)
                {
                    await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, cancellationToken);
                }
            }
        }
    }
}
