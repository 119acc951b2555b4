using System.Threading.Channels;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Yggdrasil.LocalHost.Tests.Timers;

public sealed class TimerTriggerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly DateTimeOffset Noon = new(2025, 6, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Channel<TimerInfo> _fired = Channel.CreateUnbounded<TimerInfo>();
    private readonly WaitingClock _clock = new(Noon);

    [Fact]
    public async Task Timer_fires_at_each_occurrence_and_knows_the_next()
    {
        await using var host = await StartAsync(typeof(EveryTenSeconds));

        for (var occurrence = 1; occurrence <= 3; occurrence++)
        {
            await _clock.AdvanceOnceWaitedForAsync(TimeSpan.FromSeconds(10));
            var info = await ReadAsync();

            Assert.Equal(Noon.UtcDateTime.AddSeconds(10 * occurrence), info.ScheduleStatus!.Last);
            Assert.Equal(Noon.UtcDateTime.AddSeconds(10 * (occurrence + 1)), info.ScheduleStatus.Next);
            Assert.False(info.IsPastDue);
        }
    }

    [Fact]
    public async Task Timer_that_runs_on_startup_fires_at_once()
    {
        await using var host = await StartAsync(typeof(AtStartup));

        Assert.Equal(Noon.UtcDateTime, (await ReadAsync()).ScheduleStatus!.Last);
    }

    [Fact]
    public async Task Timer_that_throws_fires_again()
    {
        await using var host = await StartAsync(typeof(Throwing));

        await _clock.AdvanceOnceWaitedForAsync(TimeSpan.FromSeconds(10));
        await ReadAsync();
        await _clock.AdvanceOnceWaitedForAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(Noon.UtcDateTime.AddSeconds(20), (await ReadAsync()).ScheduleStatus!.Last);
    }

    [Fact]
    public async Task Occurrences_during_a_run_are_skipped()
    {
        var gate = new Gate();
        await using var host = await StartAsync(typeof(Slow), gate);
        await _clock.AdvanceOnceWaitedForAsync(TimeSpan.FromSeconds(10));
        await ReadAsync();

        _clock.Advance(TimeSpan.FromSeconds(35));
        gate.Open.SetResult();
        await _clock.AdvanceOnceWaitedForAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(Noon.UtcDateTime.AddSeconds(50), (await ReadAsync()).ScheduleStatus!.Last);
        Assert.False(_fired.Reader.TryRead(out _));
    }

    private Task<TestHost> StartAsync(Type function, Gate? gate = null) => TestHost.StartAsync(
        [function],
        services => services
            .AddSingleton<TimeProvider>(_clock)
            .AddSingleton(_fired.Writer)
            .AddSingleton(gate ?? new Gate()),
        args: "--TenSeconds=*/10 * * * * *");

    private async Task<TimerInfo> ReadAsync() => await _fired.Reader.ReadAsync().AsTask().WaitAsync(Patience);

    public sealed class EveryTenSeconds(ChannelWriter<TimerInfo> fired)
    {
        [Function("EveryTenSeconds")]
        public async Task Run([TimerTrigger("%TenSeconds%")] TimerInfo timer, CancellationToken cancellationToken) =>
            await fired.WriteAsync(timer, cancellationToken);
    }

    public sealed class AtStartup(ChannelWriter<TimerInfo> fired)
    {
        [Function("AtStartup")]
        public void Run([TimerTrigger("0 0 0 1 1 *", RunOnStartup = true)] TimerInfo timer) =>
            Assert.True(fired.TryWrite(timer));
    }

    public sealed class Throwing(ChannelWriter<TimerInfo> fired)
    {
        [Function("Throwing")]
        public void Run([TimerTrigger("*/10 * * * * *")] TimerInfo timer)
        {
            Assert.True(fired.TryWrite(timer));
            throw new InvalidOperationException("once more");
        }
    }

    public sealed class Slow(ChannelWriter<TimerInfo> fired, Gate gate)
    {
        [Function("Slow")]
        public async Task Run([TimerTrigger("*/10 * * * * *")] TimerInfo timer)
        {
            Assert.True(fired.TryWrite(timer));
            await gate.Open.Task;
        }
    }

    public sealed class Gate
    {
        public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A clock that can be put forward once somebody waits for it: sooner, the waiter would start later.</summary>
    private sealed class WaitingClock(DateTimeOffset start) : FakeTimeProvider(start)
    {
        private readonly Channel<bool> _waits = Channel.CreateUnbounded<bool>();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime > TimeSpan.Zero)
            {
                _waits.Writer.TryWrite(true);
            }

            return timer;
        }

        public async Task AdvanceOnceWaitedForAsync(TimeSpan delta)
        {
            await _waits.Reader.ReadAsync().AsTask().WaitAsync(Patience);
            Advance(delta);
        }
    }
}
