using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Work.Batches;

/// <summary>Advances batches, one slice at a time. Slices are idempotent.</summary>
/// <remarks>
/// <code>
///   cancelled? ──yes──► what is pending is cancelled; runs that go on are told ──┐
///        │no                                                                    │
///   new round? ──yes──► failed items are pending again ──┐                       │
///        │no                                            ▼                       ▼
///        └──────────────────────────► run pending items ──► all ended? ──yes──► completed, callback
/// </code>
/// Items that were handed over report their ends themselves; <see cref="BatchRecheck"/> finds those that did not.
/// </remarks>
public sealed partial class BatchDriver
{
    private readonly BatchStore _batches;
    private readonly BatchItemStore _items;
    private readonly BatchLedger _ledger;
    private readonly BatchItemRuns _runs;
    private readonly BatchRecheck _recheck;
    private readonly BatchCancellation _cancellation;
    private readonly BatchSlots _slots;
    private readonly ActivitySlots _activities;
    private readonly DisabledUsers _disabled;
    private readonly CallbackOutbox _callbacks;
    private readonly IRunScheduler _scheduler;
    private readonly BatchOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<BatchDriver> _logger;

    internal BatchDriver(
        BatchStore batches,
        BatchItemStore items,
        BatchLedger ledger,
        BatchItemRuns runs,
        BatchRecheck recheck,
        BatchCancellation cancellation,
        BatchSlots slots,
        ActivitySlots activities,
        DisabledUsers disabled,
        CallbackOutbox callbacks,
        IRunScheduler scheduler,
        BatchOptions options,
        TimeProvider time,
        ILogger<BatchDriver> logger)
    {
        (_batches, _items, _ledger, _runs, _recheck, _cancellation) = (batches, items, ledger, runs, recheck, cancellation);
        (_slots, _activities, _disabled, _callbacks) = (slots, activities, disabled, callbacks);
        (_scheduler, _options, _time, _logger) = (scheduler, options, time, logger);
    }

    /// <summary>Drives a batch for one slice.</summary>
    /// <param name="stopping">The host shuts down: no further item is begun, and those in hand are given up where they can be repeated.</param>
    public async Task<BatchOutcome> AdvanceAsync(BatchReference reference, CancellationToken stopping)
    {
        if (await FindAsync(reference, stopping) is not { } batch || batch.Status == BatchStatus.Accepting)
        {
            return BatchOutcome.Missing;
        }

        if (batch.Round < reference.Round)
        {
            // Scheduled just before its round is begun, it may look between the two.
            return BatchOutcome.Missing;
        }

        if (batch.IsDeleted || batch.Round > reference.Round)
        {
            return BatchOutcome.Finished;
        }

        if (batch.HasUnknownStatus)
        {
            return BatchOutcome.Parked(_time.GetUtcNow() + BatchRecheck.Interval);
        }

        if (batch.IsTerminal)
        {
            await TellAsync(batch, stopping);
            return BatchOutcome.Finished;
        }

        return await DriveInSlotAsync(batch, stopping);
    }

    /// <summary>Drives the batch if its owner has a slot for it; a cancelled one in any case, for that is short.</summary>
    private async Task<BatchOutcome> DriveInSlotAsync(Batch batch, CancellationToken stopping)
    {
        if (batch.CancelRequested)
        {
            return await DriveAsync(batch, stopping);
        }

        var (owner, driver) = (batch.Caller.Owner, Ids.BatchDriver(batch.Id, batch.Round));

        // Whoever makes room for this batch calls it, in an invocation of its own.
        var scheduler = _scheduler.Capture();
        Func<CancellationToken, Task> call = token => scheduler.WakeAsync(driver, token);
        if (await _disabled.ContainsAsync(owner, stopping))
        {
            return BatchOutcome.Parked(_time.GetUtcNow() + _activities.HoldBack(owner.Partition, driver, call));
        }

        var slice = await _slots.BeginSliceAsync(owner, driver, call, stopping);
        if (slice.Slot is null)
        {
            return BatchOutcome.Parked(_time.GetUtcNow() + slice.Recheck);
        }

        await using (slice.Slot)
        {
            var activity = await _activities.EnterAsync(owner.Partition, driver, call, stopping);
            if (activity.Slot is null)
            {
                return BatchOutcome.Parked(_time.GetUtcNow() + activity.Recheck);
            }

            await using (activity.Slot)
            {
                return await DriveAsync(batch, stopping);
            }
        }
    }

    /// <summary>A batch whose own content cannot be read has no agent to run its items by; they all fail for that reason.</summary>
    private async Task<Batch?> FindAsync(BatchReference reference, CancellationToken cancellationToken)
    {
        try
        {
            return await _batches.FindAsync(reference.Partition, reference.BatchId, cancellationToken);
        }
        catch (ContentProtectionException)
        {
            return await _batches.FindPlainAsync(reference.Partition, reference.BatchId, cancellationToken) is { } plain
                ? plain with { Agent = null }
                : null;
        }
    }

    private async Task<BatchOutcome> DriveAsync(Batch batch, CancellationToken stopping)
    {
        if (await _items.FindHeadAsync(batch.Items, stopping) is not { } head)
        {
            // Its owner's data is being deleted.
            return BatchOutcome.Finished;
        }

        if (batch.CancelRequested || batch.Agent is null)
        {
            var why = batch.CancelRequested ? null : RunError.ContentUnreadable;
            head = await _cancellation.EndPendingAsync(batch, head, why, stopping) ?? head;
            return await AfterAsync(batch, head, again: null, hasMore: false, stopping);
        }

        if (head.Round < batch.Round)
        {
            head = await ReopenAsync(batch, stopping) ?? head;
        }

        await using var watch = new BatchWatch(_batches, batch, _time, _logger, stopping);
        using var slice = new BatchSlice(batch, head, _items, _ledger, _runs, _cancellation, _slots, _disabled, _options, _time, _logger);
        var (last, again, hasMore) = await slice.RunAsync(watch.Stop, stopping);
        if (last is not null && !stopping.IsCancellationRequested)
        {
            last = await _recheck.LookAsync(batch, last, stopping);
        }

        return last is null
            ? BatchOutcome.Finished
            : await AfterAsync(batch, last, again, hasMore || watch.HasChanged, stopping);
    }

    /// <summary>Makes the failed items pending, each once a round.</summary>
    private async Task<BatchHead?> ReopenAsync(Batch batch, CancellationToken cancellationToken)
    {
        List<BatchItem> some = [];
        await foreach (var item in _items.ListAsync(batch.Items, 0, BatchItemState.Failed, withInput: false, cancellationToken))
        {
            some.Add(item);
            if (some.Count == BatchItemStore.MaxPerCommit)
            {
                await ReopenAsync(batch, some, head => head, cancellationToken);
                some.Clear();
            }
        }

        return await ReopenAsync(batch, some, head => head with { Round = batch.Round, From = 0 }, cancellationToken);
    }

    private Task<BatchHead?> ReopenAsync(
        Batch batch, IReadOnlyList<BatchItem> some, Func<BatchHead, BatchHead> adjust, CancellationToken cancellationToken) => _ledger.RecordAsync(
        batch.Items,
        [.. some.Select(item => new BatchItemResult(item.Index, batch.Round, BatchItemState.Pending))],
        some.ToDictionary(item => item.Index),
        adjust,
        cancellationToken);

    private async Task<BatchOutcome> AfterAsync(Batch batch, BatchHead head, DateTimeOffset? again, bool hasMore, CancellationToken cancellationToken)
    {
        if (head.Counts.AllEnded)
        {
            return await EndAsync(batch, head, cancellationToken) ? BatchOutcome.Finished : BatchOutcome.Yielded;
        }

        if (again is { } time)
        {
            return BatchOutcome.Parked(time);
        }

        return hasMore ? BatchOutcome.Yielded : BatchOutcome.Parked(_time.GetUtcNow() + BatchRecheck.Interval);
    }

    /// <returns>Whether it was this slice, or one like it, that ended the batch.</returns>
    private async Task<bool> EndAsync(Batch batch, BatchHead head, CancellationToken cancellationToken)
    {
        if (await _batches.FindPlainAsync(batch.Caller.Owner.Partition, batch.Id, cancellationToken) is not { } current
            || current.IsDeleted || current.IsTerminal || current.HasUnknownStatus || current.Round != batch.Round)
        {
            return true;
        }

        var ended = await _batches.UpdateAsync(
            current with
            {
                Status = current.CancelRequested && head.Cancelled > 0 ? BatchStatus.Cancelled : BatchStatus.Completed,
                CompletedAt = _time.GetUtcNow(),
            },
            cancellationToken);
        if (ended is null)
        {
            return false;
        }

        LogEnded(batch.Id, head.Total, head.Completed, head.Failed, head.Cancelled);
        await TellAsync(ended, cancellationToken);
        return true;
    }

    /// <summary>Sees to it that a callback is delivered. Should the process end before, the next attempt at this slice does it.</summary>
    private Task TellAsync(Batch ended, CancellationToken cancellationToken)
    {
        var status = ended.Status.ToString().ToLowerInvariant();
        var body = JsonSerializer.Serialize(
            new { Type = $"batch.{status}", Timestamp = ended.CompletedAt, Data = new { ended.Id, Status = status } }, JsonSerializerOptions.Web);
        return _callbacks.SendAsync(
            ended.Caller.Owner.Partition,
            RowKeys.Batch(ended.Id),
            $"{ended.CreatedAt.UtcTicks.ToString(CultureInfo.InvariantCulture)}/{ended.Round.ToString(CultureInfo.InvariantCulture)}",
            body,
            cancellationToken);
    }

    [LoggerMessage(1300, LogLevel.Information, "Batch {BatchId} has ended: of {Total} items {Completed} completed, {Failed} failed, {Cancelled} were cancelled")]
    private partial void LogEnded(string batchId, int total, int completed, int failed, int cancelled);
}
