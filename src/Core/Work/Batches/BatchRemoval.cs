using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Work.Batches;

/// <summary>Removes batches that have ended, with their items, the items' runs and durable history; and what uploads left behind.</summary>
internal sealed class BatchRemoval(
    BatchStore batches, BatchItemStore items, RunRemoval runs, DueStore due, IRunScheduler scheduler, Contention contention,
    TimeProvider time)
{
    /// <summary>In no id, and allowed in keys.</summary>
    private const char Separator = '~';

    /// <summary>Where it is written down that an upload, or a batch of it, is to be looked at.</summary>
    public static DueItem DueOf(Batch batch, DateOnly lookOn) =>
        new(lookOn, DueKind.Batch, batch.Caller.Owner.Partition, $"{batch.Id}{Separator}{batch.Upload}");

    /// <summary>Removes a batch: from now on nobody sees it, and what it has is removed as far as time allows.</summary>
    /// <returns>Whether all is gone; if not, the timer goes on.</returns>
    /// <exception cref="ConflictException">The batch has not ended, or is being changed by others.</exception>
    public async Task<bool> RemoveAsync(Batch batch, Func<bool> isOver, CancellationToken cancellationToken)
    {
        if (!batch.IsDeleted)
        {
            if (!batch.IsTerminal)
            {
                throw new ConflictException("The batch has not ended; cancel it first.");
            }

            await due.AddAsync(DueOf(batch, DueItem.DayOf(time.GetUtcNow())), cancellationToken);
            batch = await batches.UpdateAsync(batch with { IsDeleted = true }, cancellationToken)
                ?? throw new ConflictException("The batch is being changed by others; try again.");
        }

        return await FinishAsync(batch, isOver, cancellationToken);
    }

    /// <summary>Looks at an upload that was written down.</summary>
    /// <returns>Whether nothing is left to do for it.</returns>
    public async Task<bool> LookAsync(DueItem item, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (batchId, upload) = (item.About.Split(Separator)[0], item.About.Split(Separator)[1]);
        var batch = await batches.FindPlainAsync(item.Partition, batchId, cancellationToken);
        if (batch?.Upload == upload && batch.Status != BatchStatus.Accepting)
        {
            return !batch.IsDeleted || await FinishAsync(batch, isOver, cancellationToken);
        }

        // A day old, and not the batch's: it broke off, or another one was faster.
        await RemoveItemsAsync(Batch.ItemsOf(item.Partition, batchId, upload), _ => Task.CompletedTask, isOver: () => false, cancellationToken);
        if (batch?.Upload == upload)
        {
            await batches.RemoveAsync(batch, cancellationToken);
        }

        return true;
    }

    /// <summary>Removes an upload, unless it has become the batch.</summary>
    /// <remarks>It stays written down: a write of it that was given up may still land after this, and is removed a day later.</remarks>
    public async Task RemoveUploadAsync(Batch batch, CancellationToken cancellationToken)
    {
        if (await WithdrawAsync(batch, cancellationToken))
        {
            await RemoveItemsAsync(batch.Items, _ => Task.CompletedTask, isOver: () => false, cancellationToken);
        }
    }

    /// <summary>
    /// Sees to it that an upload cannot become the batch any more. A commit that was given up may still be on its way, under the version
    /// of the row that it read: so that version goes first, then the items.
    /// </summary>
    /// <returns>False when it is the batch already.</returns>
    private Task<bool> WithdrawAsync(Batch batch, CancellationToken cancellationToken)
    {
        return contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<bool> AttemptAsync()
        {
            if (await batches.FindPlainAsync(batch.Caller.Owner.Partition, batch.Id, cancellationToken) is not { } stored)
            {
                return true;
            }

            if (stored.Status != BatchStatus.Accepting)
            {
                return stored.Upload != batch.Upload;
            }

            // Another upload's row is written as it is, for a new version.
            return (stored.Upload == batch.Upload
                ? await batches.RemoveAsync(stored, cancellationToken)
                : await batches.UpdateAsync(stored, cancellationToken) is not null) ? true : throw new ContendedException();
        }
    }

    /// <summary>Removes all items of an owner, whose runs are removed with the owner's rows.</summary>
    public async Task RemoveOfAsync(string partition, CancellationToken cancellationToken)
    {
        await foreach (var part in items.PartitionsOfAsync(partition, cancellationToken))
        {
            await RemoveItemsAsync(part, _ => Task.CompletedTask, isOver: () => false, cancellationToken);
        }
    }

    private async Task<bool> FinishAsync(Batch batch, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var partition = batch.Caller.Owner.Partition;
        async Task RemoveRunsAsync(BatchItem item)
        {
            for (var round = 1; round <= item.Round; round++)
            {
                await runs.RemoveAsync(partition, Ids.BatchRun(partition, batch.Id, item.Index, round), cancellationToken);
            }
        }

        if (!await RemoveItemsAsync(batch.Items, RemoveRunsAsync, isOver, cancellationToken))
        {
            return false;
        }

        for (var round = 1; round <= batch.Round; round++)
        {
            await scheduler.PurgeAsync(Ids.BatchDriver(batch.Id, round), cancellationToken);
        }

        return await batches.RemoveAsync(batch, cancellationToken);
    }

    private async Task<bool> RemoveItemsAsync(string part, Func<BatchItem, Task> each, Func<bool> isOver, CancellationToken cancellationToken)
    {
        while (!isOver())
        {
            if (await items.RemovePageAsync(part, each, cancellationToken) == 0)
            {
                return true;
            }
        }

        return false;
    }
}
