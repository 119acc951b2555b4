using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Load.Measuring;
using Yggdrasil.Load.Models;

namespace Yggdrasil.Load.Tests.Models;

public class OpenModelTests
{
    private static readonly RunOutcome Completed = new("chat", null);

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_stall_of_the_host_counts_for_everybody_who_was_due_during_it()
    {
        // One place, one run due each second; the host stalls for the first ten seconds and then answers at once.
        var recorder = new Recorder(TimeSpan.Zero, TimeSpan.FromSeconds(10));
        var stalled = new TaskCompletionSource<RunOutcome>();
        var plays = 0;
        var driving = new OpenModel(Arrivals.Constant(1), mostInFlight: 1, drain: TimeSpan.FromMinutes(1), _time).DriveAsync(
            _ => Interlocked.Increment(ref plays) == 1 ? stalled.Task : Task.FromResult(Completed),
            recorder,
            new LoadClock(_time),
            TimeSpan.FromSeconds(10),
            CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(10));
        stalled.SetResult(Completed);
        await driving;

        var measured = recorder.Measurement(TimeSpan.FromSeconds(10));
        Assert.Equal(10, measured.Latencies.Count);
        // Due at 0, 1, … 9 s and answered at 10 s: 10, 9, … 1 s. Counted from when they were sent, nine would have taken nothing.
        Assert.Equal(5_000, measured.Latencies.At(50), tolerance: 10);
        Assert.Equal(1_000, measured.Latencies.At(0), tolerance: 10);
        Assert.Equal(10_000, measured.Latencies.At(100), tolerance: 10);
        Assert.Equal(9_000, measured.SendDelay.Max, tolerance: 10);
    }

    [Fact]
    public async Task Runs_are_sent_when_they_are_due_although_none_has_been_answered()
    {
        var recorder = new Recorder(TimeSpan.Zero, TimeSpan.FromSeconds(10));
        var hanging = new TaskCompletionSource<RunOutcome>();
        var driving = new OpenModel(Arrivals.Constant(2), mostInFlight: 100, TimeSpan.Zero, _time).DriveAsync(
            _ => hanging.Task, recorder, new LoadClock(_time), TimeSpan.FromSeconds(10), CancellationToken.None);
        for (var second = 0; second < 9; second++)
        {
            Assert.Equal((second * 2) + 1, recorder.Progress().InFlight);
            _time.Advance(TimeSpan.FromSeconds(0.5));
            await Poll.UntilAsync(() => recorder.Progress().InFlight == (second * 2) + 2);
            _time.Advance(TimeSpan.FromSeconds(0.5));
            await Poll.UntilAsync(() => recorder.Progress().InFlight == (second * 2) + 3);
        }

        hanging.SetResult(Completed);
        _time.Advance(TimeSpan.FromSeconds(1));
        await driving;
    }

    [Fact]
    public async Task What_was_due_but_never_sent_counts_as_failed()
    {
        var recorder = new Recorder(TimeSpan.Zero, TimeSpan.FromSeconds(5));
        var hanging = new TaskCompletionSource<RunOutcome>();
        var driving = new OpenModel(Arrivals.Constant(1), mostInFlight: 1, drain: TimeSpan.FromSeconds(5), _time).DriveAsync(
            _ => hanging.Task, recorder, new LoadClock(_time), TimeSpan.FromSeconds(5), CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(10));
        await Poll.UntilAsync(() => recorder.Progress().Failed == 4);
        hanging.SetResult(Completed);
        await driving;

        var measured = recorder.Measurement(TimeSpan.FromSeconds(10));
        Assert.Equal(4, measured.NotSent);
        Assert.Equal(4, measured.Errors["not sent"]);
        Assert.Equal(1, measured.Latencies.Count);
    }

    [Fact]
    public async Task Stopping_ends_the_sending_and_waits_for_what_is_under_way()
    {
        var recorder = new Recorder(TimeSpan.Zero, TimeSpan.FromSeconds(60));
        var underWay = new TaskCompletionSource<RunOutcome>();
        using var stop = new CancellationTokenSource();
        var driving = new OpenModel(Arrivals.Constant(1), mostInFlight: 10, TimeSpan.Zero, _time).DriveAsync(
            _ => underWay.Task, recorder, new LoadClock(_time), TimeSpan.FromSeconds(60), stop.Token);
        await stop.CancelAsync();
        Assert.False(driving.IsCompleted);

        underWay.SetResult(Completed);
        await driving;
        Assert.Equal(1, recorder.Progress().Ended);
        Assert.Equal(0, recorder.Measurement(TimeSpan.FromSeconds(60)).NotSent);
    }
}
