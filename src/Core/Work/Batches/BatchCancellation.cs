using Yggdrasil.Foundation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Work.Batches;

/// <summary>Ends what of a batch has not begun, cancels the runs of items that go on without it, and counts those that have ended.</summary>
internal sealed class BatchCancellation(BatchItemStore items, BatchLedger ledger, RunStore runs, IRunScheduler scheduler)
{
    /// <param name="why">Why items fail; null when they are cancelled.</param>
    /// <returns>The head afterwards; null when the items are gone.</returns>
    public async Task<BatchHead?> EndPendingAsync(Batch batch, BatchHead head, RunError? why, CancellationToken cancellationToken)
    {
        foreach (var state in (BatchItemState[])[BatchItemState.HandedOver, BatchItemState.Pending])
        {
            await foreach (var some in items.ListAsync(batch.Items, 0, state, withInput: false, cancellationToken).Chunk(BatchItemStore.MaxPerCommit))
            {
                await EndAsync(batch, head, some, why, cancellationToken);
            }
        }

        return await ledger.RecordAsync(batch.Items, [], known: null, before => before with { InHand = 0 }, cancellationToken);
    }

    /// <summary>Tells the run of an item that it is to end, if there is one: whoever drives it notices.</summary>
    public Task TellAsync(Batch batch, int index, CancellationToken cancellationToken) => runs.RequestCancelAsync(
        batch.Caller.Owner.Partition, Ids.BatchRun(batch.Caller.Owner.Partition, batch.Id, index, batch.Round), cancellationToken);

    private async Task EndAsync(Batch batch, BatchHead head, IReadOnlyList<BatchItem> some, RunError? why, CancellationToken cancellationToken)
    {
        var ends = await Task.WhenAll(some.Select(async item =>
            (item.Index < head.Begun ? await EndRunAsync(batch, item, cancellationToken) : null)
            ?? (why is null ? new BatchItemResult(item.Index, item.Round, BatchItemState.Cancelled, RunStatus.Cancelled)
                : item.State == BatchItemState.HandedOver ? BatchItemResult.Deleted(item)
                : BatchItemResult.Failed(item.Index, item.Round, why))));
        await ledger.RecordAsync(batch.Items, ends, some.ToDictionary(item => item.Index), before => before, cancellationToken);
    }

    /// <summary>What to count of an item whose run has been started, perhaps; null where there is no run.</summary>
    private async Task<BatchItemResult?> EndRunAsync(Batch batch, BatchItem item, CancellationToken cancellationToken)
    {
        var partition = batch.Caller.Owner.Partition;
        var runId = Ids.BatchRun(partition, batch.Id, item.Index, item.Round);
        if (await runs.FindHeadAsync(partition, runId, cancellationToken) is not { } run)
        {
            return null;
        }

        if (run.IsTerminal)
        {
            return BatchItemResult.Of(item.Index, item.Round, run);
        }

        // Its own orchestration ends it, now or, where somebody else drives it, when it can.
        await runs.RequestCancelAsync(partition, runId, cancellationToken);
        await scheduler.ScheduleAsync(run.Driver, new RunReference(partition, runId), cancellationToken);
        await scheduler.WakeAsync(run.Driver, cancellationToken);
        return new BatchItemResult(item.Index, item.Round, BatchItemState.HandedOver);
    }
}
