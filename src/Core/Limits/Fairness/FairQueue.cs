using Microsoft.Extensions.Logging;

namespace Yggdrasil.Limits.Fairness;

/// <summary>Slots of this instance of the app, given out fairly by owner.</summary>
/// <remarks>
/// <code>
///   enter ──► room? ──yes──► a slot ──► leave ──► the owner who had least is next ──► served, or called
///               │no                                                                       ▲
///               └──► in line ──(activities: patience over, or too many)──► parked ────────┘
/// </code>
/// Stride scheduling: each slot moves its owner's clock on by one over the owner's weight, and the next slot goes to the
/// owner whose clock is furthest behind, of those who may have one more (<see cref="FairQueueRules"/>). An owner who comes anew
/// begins at the clock of the last one served: having been away earns nothing. Within one owner it is first come, first served.
/// An activity of the host must not be held while it waits, so it is parked after a moment: its orchestration is called when
/// there is a slot, which is kept for a few seconds. Orchestrations look by themselves too, because calls can be lost and
/// another instance of the app may have the next slot.
/// </remarks>
internal sealed partial class FairQueue(FairQueueRules rules, TimeProvider time, ILogger<FairQueue> logger)
{
    private readonly Lock _lock = new();
    private readonly FairQueueState _book = new(rules, time);

    /// <summary>Asks for a slot.</summary>
    /// <param name="owner">The owner's partition; empty for work of nobody, which no owner's bound concerns.</param>
    /// <param name="work">What holds an activity; null for what may wait as long as its token allows.</param>
    public async ValueTask<Admission> EnterAsync(string owner, ActivityWork? work, CancellationToken cancellationToken)
    {
        (Admission? Refused, OwnerQueue.Waiter? Waiter, long Stamp) entry = default;
        await ChangeAsync(book => entry = book.Enter(owner, work), owner);
        return entry.Refused is { } refused ? refused
            : entry.Waiter is not null && await WaitAsync(entry.Waiter, entry.Stamp, cancellationToken) is { } parked ? parked
            : new Admission(new Slot(this, owner, work is not null));
    }

    /// <summary>Parks work of an owner who may not go on now. Nobody of that owner is called until one has entered again.</summary>
    /// <returns>When to look again at the latest.</returns>
    public TimeSpan HoldBack(string owner, ActivityWork work)
    {
        lock (_lock)
        {
            return _book.HoldBack(owner, work).Recheck;
        }
    }

    /// <summary>Calls those of an owner that were held back.</summary>
    public Task ReleaseAsync(string owner) => ChangeAsync(book => book.Release(owner), owner);

    /// <summary>Counts a request of the owner that works without a slot: at most half of the owner's slots are taken by these.</summary>
    public IAsyncDisposable Count(string owner)
    {
        lock (_lock)
        {
            _book.Count(owner);
        }

        return new Counted(this, owner);
    }

    /// <summary>Work that was parked is not to be called any more.</summary>
    public Task ForgetAsync(string owner, string key) => ChangeAsync(book => book.Drop(owner, key), owner);

    /// <summary>Changes the books, and gives out what has become free.</summary>
    private Task ChangeAsync(Action<FairQueueState> change, string owner)
    {
        List<ActivityWork> calls = [];
        lock (_lock)
        {
            _book.ForgetLostCalls();
            change(_book);
            _book.GiveOut(calls);
            _book.ForgetIdle(owner);
        }

        return CallAsync(calls);
    }

    /// <returns>Null once there is a slot; else when to look again.</returns>
    private async Task<Admission?> WaitAsync(OwnerQueue.Waiter waiter, long stamp, CancellationToken cancellationToken)
    {
        var patience = waiter.Work?.Patience ?? Timeout.InfiniteTimeSpan;
        var started = time.GetTimestamp();
        while (true)
        {
            // A call that is lost is noticed by who waits for the slot that is kept for it.
            var left = patience < TimeSpan.Zero ? FairQueueState.CallPatience : patience - time.GetElapsedTime(started);
            await waiter.Served.Task.WaitAsync(left < FairQueueState.CallPatience ? Max(left) : FairQueueState.CallPatience, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Admission? parked = null;
            var gone = false;
            await ChangeAsync(
                book =>
                {
                    var isOver = patience >= TimeSpan.Zero && time.GetElapsedTime(started) >= patience;
                    gone = cancellationToken.IsCancellationRequested && book.TryUnqueue(waiter, stamp);
                    if (!gone && isOver && book.TryUnqueue(waiter, stamp))
                    {
                        parked = book.Park(waiter.Line, stamp, waiter.Work!);
                    }
                },
                waiter.Line.Owner);
            if (gone)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (parked is not null || waiter.Served.Task.IsCompleted)
            {
                return parked;
            }
        }
    }

    private static TimeSpan Max(TimeSpan left) => left > TimeSpan.Zero ? left : TimeSpan.Zero;

    private async Task CallAsync(List<ActivityWork> calls)
    {
        foreach (var work in calls)
        {
            try
            {
                await work.Call!(CancellationToken.None);
            }
            catch (Exception failure)
            {
                // Whatever storage and its client throw: its slot goes to the next one soon, and it looks by itself.
                LogNotCalled(work.Key!, failure.GetType().FullName);
            }
        }
    }

    [LoggerMessage(1070, LogLevel.Warning, "{InstanceId} could not be told that there is a slot for it ({ExceptionType}) and will look by itself")]
    private partial void LogNotCalled(string instanceId, string? exceptionType);

    private sealed class Slot(FairQueue queue, string owner, bool isActivity) : IAsyncDisposable
    {
        private int _left;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                await queue.ChangeAsync(book => book.Leave(owner, isActivity), owner);
            }
        }
    }

    private sealed class Counted(FairQueue queue, string owner) : IAsyncDisposable
    {
        private int _left;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                await queue.ChangeAsync(book => book.Uncount(owner), owner);
            }
        }
    }
}
