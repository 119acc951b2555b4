using Yggdrasil.Foundation;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Work.Batches;

/// <summary>
/// Looks, now and then, at the runs of items that go on without their batch. Their ends are told to it; but a notice can be lost, and a
/// run that is deleted before its notice was delivered tells nobody.
/// </summary>
internal sealed class BatchRecheck(BatchItemStore items, BatchLedger ledger, RunStore runs, TimeProvider time)
{
    /// <summary>Each look reads as many rows as items were handed over.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    /// <summary>Counts the items whose runs have ended or are gone, unless somebody looked a short while ago.</summary>
    /// <returns>The head afterwards; null when the items are gone.</returns>
    public async Task<BatchHead?> LookAsync(Batch batch, BatchHead head, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (head.HandedOver == 0 || now < head.LookedAt + Interval)
        {
            return head;
        }

        var handedOver = items.ListAsync(batch.Items, 0, BatchItemState.HandedOver, withInput: false, cancellationToken);
        await foreach (var some in handedOver.Chunk(BatchItemStore.MaxPerCommit))
        {
            var ended = (await Task.WhenAll(some.Select(item => LookAsync(batch, item, cancellationToken)))).OfType<BatchItemResult>().ToList();
            await ledger.RecordAsync(batch.Items, ended, some.ToDictionary(item => item.Index), before => before, cancellationToken);
        }

        return await ledger.RecordAsync(batch.Items, [], known: null, before => before with { LookedAt = now }, cancellationToken);
    }

    /// <returns>Null while the run goes on.</returns>
    private async Task<BatchItemResult?> LookAsync(Batch batch, BatchItem item, CancellationToken cancellationToken)
    {
        var partition = batch.Caller.Owner.Partition;
        var run = await runs.FindHeadAsync(partition, Ids.BatchRun(partition, batch.Id, item.Index, item.Round), cancellationToken);
        return run is null ? BatchItemResult.Deleted(item)
            : run.IsTerminal ? BatchItemResult.Of(item.Index, item.Round, run)
            : null;
    }
}
