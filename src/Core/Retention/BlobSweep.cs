using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Yggdrasil.Storage;

namespace Yggdrasil.Retention;

/// <summary>Removes content blobs that no row refers to: what a crash, or a refused transaction, left between blob and row.</summary>
/// <remarks>A blob says which row it was written for, so one look at that row tells; each blob is looked at once.</remarks>
internal sealed partial class BlobSweep(StorageClients storage, ContentVault vault, TimeProvider time, ILogger<BlobSweep> logger)
{
    /// <summary>How many days after a blob was written nobody can be about to refer to it any more.</summary>
    public const int DaysUntil = 2;

    /// <summary>Looks at the blobs of an owner that were written on a day.</summary>
    public async Task SweepAsync(string partition, DateOnly day, CancellationToken cancellationToken)
    {
        var container = await storage.GetContentContainerAsync(cancellationToken);
        var removed = 0;
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, $"{partition}/", cancellationToken))
        {
            if (blob.Properties.CreatedOn is { } created
                && DueItem.DayOf(created) == day
                && created < time.GetUtcNow().AddDays(-1)
                && await vault.IsOrphanAsync(partition, blob.Name, blob.Metadata, cancellationToken))
            {
                await container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellationToken);
                removed++;
            }
        }

        if (removed > 0)
        {
            LogSwept(removed);
        }
    }

    [LoggerMessage(4021, LogLevel.Information, "{Removed} blobs that no row refers to were removed")]
    private partial void LogSwept(int removed);
}
