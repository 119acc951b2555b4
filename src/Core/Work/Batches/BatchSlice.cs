using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Users;

namespace Yggdrasil.Work.Batches;

/// <summary>One slice of a batch: runs pending items, so many at a time, and counts what has become of them.</summary>
/// <remarks>
/// <code>
///   pending items, in order ──► [a slot, fairly by owner] ──► run ──► results ──► counted, many at a time
/// </code>
/// A result that is not counted yet when the process dies is found again: the item is still pending, its run has ended.
/// </remarks>
internal sealed partial class BatchSlice(
    Batch batch,
    BatchHead head,
    BatchItemStore items,
    BatchLedger ledger,
    BatchItemRuns runs,
    BatchCancellation cancellation,
    BatchSlots slots,
    DisabledUsers disabled,
    BatchOptions options,
    TimeProvider time,
    ILogger logger) : IDisposable
{
    /// <summary>So many items further it is written that they may have been begun.</summary>
    private const int BegunAhead = 200;

    /// <summary>How long results are collected before they are counted together.</summary>
    private static readonly TimeSpan CountEvery = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(5);

    private readonly Channel<(BatchItem Item, ItemAttempt Attempt)> _done = Channel.CreateUnbounded<(BatchItem, ItemAttempt)>(
        new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Items that were begun and are not counted, in order.</summary>
    private readonly SortedSet<int> _open = [];

    /// <summary>Those of them that are at work.</summary>
    private readonly HashSet<int> _working = [];
    private readonly long _started = time.GetTimestamp();
    private readonly CancellationTokenSource _full = new();
    private DateTimeOffset? _again;
    private int _next = head.From;
    private int _begun = head.Begun;
    private bool _isAtEnd;

    /// <returns>The head at the end, null when the items are gone; and when to look again, where the slice has come to its end before that.</returns>
    /// <param name="cancelled">The batch was cancelled: no further item is begun, and the runs in hand are told.</param>
    /// <param name="stopping">The host shuts down: runs in hand are given up where they can be repeated.</param>
    public async Task<(BatchHead? Head, DateTimeOffset? Again, bool HasMore)> RunAsync(CancellationToken cancelled, CancellationToken stopping)
    {
        BatchHead? last;
        var counting = CountAsync();
        try
        {
            await FeedAsync(cancelled, stopping);
        }
        finally
        {
            _done.Writer.Complete();
            last = await counting;
        }

        return (last, _again, !_isAtEnd);
    }

    public void Dispose() => _full.Dispose();

    /// <summary>Gives items to runners until there are none, the slice is over, or the owner's limits are reached.</summary>
    private async Task FeedAsync(CancellationToken cancelled, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancelled, _full.Token);
        using var window = new SemaphoreSlim(options.ItemsAtOnce);
        List<Task> running = [];
        try
        {
            await foreach (var item in items.ListAsync(batch.Items, head.From, BatchItemState.Pending, withInput: true, either.Token))
            {
                await window.WaitAsync(either.Token);
                if (time.GetElapsedTime(_started) >= options.Slice)
                {
                    break;
                }

                await BeginAsync(item.Index, either.Token);
                running.RemoveAll(task => task.IsCompletedSuccessfully);
                running.Add(RunAsync(item, window, stopping));
            }

            _isAtEnd = time.GetElapsedTime(_started) < options.Slice;
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // What was begun is brought to its end below, or given up by itself.
        }
        finally
        {
            // Also where reading on has failed: no run goes on without somebody who counts what it has come to.
            await EndAsync(Task.WhenAll(running), cancelled, stopping);
        }
    }

    /// <summary>Waits for the runs in hand, and tells them when the batch is cancelled, also meanwhile.</summary>
    private async Task EndAsync(Task running, CancellationToken cancelled, CancellationToken stopping)
    {
        await running.WaitAsync(cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            if (!running.IsCompleted && !stopping.IsCancellationRequested)
            {
                await Task.WhenAll(InHand().Select(index => cancellation.TellAsync(batch, index, stopping)));
            }
        }
        finally
        {
            await running;
        }
    }

    private async Task RunAsync(BatchItem item, SemaphoreSlim window, CancellationToken stopping)
    {
        var attempt = ItemAttempt.GivenUp;
        try
        {
            await using (await slots.EnterAsync(batch.Caller.Owner, stopping))
            {
                if (await disabled.ContainsAsync(batch.Caller.Owner, stopping))
                {
                    // It stays pending, and the next slice is held back until the user is enabled.
                    await _full.CancelAsync();
                    return;
                }

                attempt = await runs.RunAsync(batch, item, stopping);
            }
        }
        catch (LimitException limit)
        {
            attempt = new ItemAttempt(null, time.GetUtcNow() + limit.RetryAfter);
            await _full.CancelAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // It stays pending.
        }
        catch (Exception failure)
        {
            // Storage is away, most likely: that must not lose what the other items have come to.
            LogItemFailed(batch.Id, item.Index, failure.GetType().FullName);
            attempt = new ItemAttempt(null, time.GetUtcNow() + FailurePause);
            await _full.CancelAsync();
        }
        finally
        {
            _done.Writer.TryWrite((item, attempt));
            window.Release();
        }
    }

    private async Task<BatchHead?> CountAsync()
    {
        BatchHead? last = head;
        Dictionary<int, BatchItem> known = [];
        List<BatchItemResult> results = [];
        while (await _done.Reader.WaitToReadAsync())
        {
            var since = time.GetTimestamp();
            while (results.Count < BatchItemStore.MaxPerCommit && time.GetElapsedTime(since) < CountEvery)
            {
                if (_done.Reader.TryRead(out var done))
                {
                    Take(done, known, results);
                }
                else if (_done.Reader.Completion.IsCompleted)
                {
                    break;
                }
                else
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(10), time);
                }
            }

            last = await ledger.RecordAsync(batch.Items, results, known, Progress, CancellationToken.None);
            results.ForEach(result => Close(result.Index));
            results.Clear();
            known.Clear();
        }

        return await ledger.RecordAsync(batch.Items, [], known: null, Progress, CancellationToken.None) ?? last;
    }

    private void Take((BatchItem Item, ItemAttempt Attempt) done, Dictionary<int, BatchItem> known, List<BatchItemResult> results)
    {
        lock (_open)
        {
            _working.Remove(done.Item.Index);
        }

        if (done.Attempt.Result is { } result)
        {
            known[result.Index] = done.Item;
            results.Add(result);
        }
        else if (done.Attempt.Again is { } again)
        {
            _again = _again is null || again < _again ? again : _again;
        }
    }

    /// <summary>No item before the first that is open is pending, nor are those before the next one, when none is.</summary>
    private BatchHead Progress(BatchHead before)
    {
        lock (_open)
        {
            return before with { From = Math.Max(before.From, _open.Count > 0 ? _open.Min : _next), InHand = _working.Count };
        }
    }

    private async Task BeginAsync(int index, CancellationToken cancellationToken)
    {
        if (index >= _begun)
        {
            _begun = index + BegunAhead;
            await ledger.RecordAsync(
                batch.Items, [], known: null, before => before with { Begun = Math.Max(before.Begun, _begun) }, cancellationToken);
        }

        lock (_open)
        {
            _open.Add(index);
            _working.Add(index);
            _next = index + 1;
        }
    }

    private List<int> InHand()
    {
        lock (_open)
        {
            return [.. _working];
        }
    }

    private void Close(int index)
    {
        lock (_open)
        {
            _open.Remove(index);
        }
    }

    [LoggerMessage(1301, LogLevel.Warning, "Batch {BatchId}: item {Index} could not be run and is tried again ({ExceptionType})")]
    private partial void LogItemFailed(string batchId, int index, string? exceptionType);
}
