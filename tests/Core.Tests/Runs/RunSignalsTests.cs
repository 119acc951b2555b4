using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Tests.Runs;

public sealed class RunSignalsTests
{
    private readonly RunSignals _signals = new();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Every_listener_of_the_run_is_told_and_no_other()
    {
        using var one = _signals.Subscribe("run_1");
        using var two = _signals.Subscribe("run_1");
        using var other = _signals.Subscribe("run_2");
        var waits = new[] { one, two, other }.Select(WaitAsync).ToList();

        _signals.Publish("run_1");
        Assert.True(await waits[0] && await waits[1]);
        Assert.False(waits[2].IsCompleted);
        _signals.Publish("run_2");

        Assert.True(await waits[2]);
    }

    [Fact]
    public async Task What_is_published_between_two_waits_is_not_missed_and_told_once()
    {
        using var listener = _signals.Subscribe("run_1");
        _signals.Publish("run_1");
        _signals.Publish("run_1");

        Assert.True(await WaitAsync(listener));
        var next = WaitAsync(listener);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await next);
    }

    [Fact]
    public async Task Wait_ends_with_its_time_or_its_token()
    {
        using var listener = _signals.Subscribe("run_1");
        using var cancelled = new CancellationTokenSource();
        var wait = WaitAsync(listener);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await wait);

        var second = listener.WaitAsync(TimeSpan.FromSeconds(1), _time, cancelled.Token);
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
    }

    [Fact]
    public async Task Listener_that_was_disposed_of_hears_nothing()
    {
        var listener = _signals.Subscribe("run_1");
        listener.Dispose();
        _signals.Publish("run_1");
        var wait = WaitAsync(listener);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.False(await wait);
    }

    private Task<bool> WaitAsync(RunSignal listener) => listener.WaitAsync(TimeSpan.FromSeconds(1), _time, CancellationToken.None);
}
