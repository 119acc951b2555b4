using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Operations.Retention;

/// <summary>Removes content blobs that no row refers to: what a crash, or a refused transaction, left between blob and row.</summary>
/// <remarks>A blob says which row it was written for, so one look at that row tells; each blob is looked at once.</remarks>
internal sealed partial class BlobSweep(StorageClients storage, ContentVault vault, TimeProvider time, ILogger<BlobSweep> logger)
{
    /// <summary>How many rows are looked at side by side.</summary>
    private const int AtOnce = 16;

    /// <summary>Looks at the blobs of an owner that were written on a day.</summary>
    /// <returns>Whether all were looked at before it was over.</returns>
    public async Task<bool> SweepAsync(string partition, DateOnly day, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var container = await storage.GetContentContainerAsync(cancellationToken);
        var blobs = container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, $"{partition}/", cancellationToken)
            .TakeWhile(_ => !isOver())
            .Where(blob => blob.Properties.CreatedOn is { } created && DueItem.DayOf(created) == day && created < time.GetUtcNow().AddDays(-1));
        var removed = 0;
        await Parallel.ForEachAsync(
            blobs,
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (blob, stop) =>
            {
                if (await vault.IsOrphanAsync(partition, blob.Name, blob.Metadata, stop))
                {
                    await container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: stop);
                    Interlocked.Increment(ref removed);
                }
            });
        if (removed > 0)
        {
            LogSwept(removed);
        }

        return !isOver();
    }

    [LoggerMessage(4021, LogLevel.Information, "{Removed} blobs that no row refers to were removed")]
    private partial void LogSwept(int removed);
}
