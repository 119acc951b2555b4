using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace Yggdrasil.LocalHost.Tests.Engine;

/// <summary>A clock that moves only by the engine's own sleeps, one at a time.</summary>
internal sealed class SteppedTime : FakeTimeProvider
{
    private readonly Channel<TimeSpan> _sleeps = Channel.CreateUnbounded<TimeSpan>();

    public SteppedTime()
        : base(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => new ReportingTimer(base.CreateTimer(callback, state, dueTime, period), _sleeps.Writer);

    /// <summary>Waits until the engine goes to sleep; answers for how long it wants to.</summary>
    public Task<TimeSpan> FallAsleepAsync() => _sleeps.Reader.ReadAsync().AsTask().WaitAsync(EngineHarness.Patience);

    /// <summary>Waits until the engine goes to sleep and moves the clock to where it wants to wake up.</summary>
    public async Task<TimeSpan> SleepAsync()
    {
        var sleep = await FallAsleepAsync();
        Advance(sleep);
        return sleep;
    }

    private sealed class ReportingTimer(ITimer inner, ChannelWriter<TimeSpan> sleeps) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            var changed = inner.Change(dueTime, period);
            sleeps.TryWrite(dueTime);
            return changed;
        }

        public void Dispose() => inner.Dispose();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
