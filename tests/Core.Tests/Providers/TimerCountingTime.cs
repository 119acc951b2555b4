using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Tests.Providers;

/// <summary>Fake time that tells how often a timer has been set, so that a test lets time pass only when somebody waits for it.</summary>
internal sealed class TimerCountingTime : FakeTimeProvider
{
    private int _timersSet;

    /// <summary>How often a timer has been created or changed to a time that comes.</summary>
    public int TimersSet => Volatile.Read(ref _timersSet);

    /// <summary>Waits until timers have been set <paramref name="count"/> times in all, or nobody waits for the answer any more.</summary>
    public Task UntilSetAsync(int count, CancellationToken cancellationToken) =>
        Poll.UntilAsync(() => TimersSet >= count || cancellationToken.IsCancellationRequested);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Count(dueTime);
        return new CountedTimer(this, base.CreateTimer(callback, state, dueTime, period));
    }

    private void Count(TimeSpan dueTime)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            Interlocked.Increment(ref _timersSet);
        }
    }

    private sealed class CountedTimer(TimerCountingTime time, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = timer.Change(dueTime, period);
            time.Count(dueTime);
            return changed;
        }

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
