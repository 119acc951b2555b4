using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.LocalHost.Tests.Engine;
using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.LocalHost.Tests.Functions;

/// <summary>The orchestrator on the real engine, its activity scripted, its clock moved by its own sleeps.</summary>
public sealed class CallbackOrchestratorTests
{
    private static readonly CallbackReference Reference = new("dev!alice", "run!run_1", "msg_1");

    private readonly SteppedTime _time = new();
    private readonly ConcurrentQueue<int> _attempts = new();

    [Fact]
    public async Task Delivered_callback_ends_its_orchestration()
    {
        await using var harness = await StartAsync(_ => new CallbackOutcome(RetryAfterSeconds: null));

        var instance = await harness.RunAsync(nameof(CallbackOrchestrator), Reference);

        Assert.Equal((OrchestrationRuntimeStatus.Completed, 1), (instance.RuntimeStatus, Attempts(harness)));
    }

    [Fact]
    public async Task Failed_attempt_is_repeated_when_it_says()
    {
        await using var harness = await StartAsync(attempt => new CallbackOutcome(attempt < 3 ? attempt * 100 : null));
        var id = await harness.ScheduleAsync(nameof(CallbackOrchestrator), Reference);

        List<double> pauses = [(await _time.SleepAsync()).TotalSeconds, (await _time.SleepAsync()).TotalSeconds];
        await harness.EndAsync(id);

        Assert.Equal([100, 200], pauses);
        Assert.Equal(3, Attempts(harness));
    }

    [Fact]
    public async Task Restart_between_two_attempts_loses_and_repeats_none()
    {
        await using var harness = await StartAsync(attempt => new CallbackOutcome(attempt < 2 ? 3600 : null));
        var id = await harness.ScheduleAsync(nameof(CallbackOrchestrator), Reference);
        await _time.FallAsleepAsync();
        await harness.StopAsync();

        await harness.StartAsync();
        Assert.Equal(TimeSpan.FromHours(1), await _time.SleepAsync());
        await harness.EndAsync(id);

        Assert.Equal(2, Attempts(harness));
    }

    [Fact]
    public async Task Storage_that_fails_for_long_costs_time_and_not_the_callback()
    {
        await using var harness = await StartAsync(attempt => attempt <= 5 ? throw new SliceFailedException("err_1") : new CallbackOutcome(null));
        var id = await harness.ScheduleAsync(nameof(CallbackOrchestrator), Reference);

        List<double> pauses = [];
        for (var i = 0; i < 5; i++)
        {
            pauses.Add((await _time.SleepAsync()).TotalSeconds);
        }

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await harness.EndAsync(id)).RuntimeStatus);
        Assert.Equal([1, 2, 4, 8, 1800], pauses);
    }

    [Fact]
    public async Task Attempt_that_found_no_place_counts_as_none_however_often_and_adds_nothing_to_the_history()
    {
        const int Deferrals = 50;
        await using var harness = await StartAsync(call => call == Deferrals + 2 ? new CallbackOutcome(null)
            : call == 1 ? new CallbackOutcome(100)
            : new CallbackOutcome(15, IsDeferred: true));
        var id = await harness.ScheduleAsync(nameof(CallbackOrchestrator), Reference);
        for (var sleep = 0; sleep < Deferrals; sleep++)
        {
            await _time.SleepAsync();
        }

        await _time.FallAsleepAsync();
        await harness.StopAsync();
        var history = int.Parse(Assert.Single(harness.Query("SELECT CAST(COUNT(*) AS TEXT) FROM history")), CultureInfo.InvariantCulture);
        await harness.StartAsync();
        await _time.SleepAsync();
        await harness.EndAsync(id);

        Assert.InRange(history, 1, 8);
        Assert.Equal([1, .. Enumerable.Repeat(2, Deferrals + 1)], _attempts);
    }

    private static int Attempts(EngineHarness harness) => harness.Code.Runs(nameof(CallbackActivities.SendCallback));

    private Task<EngineHarness> StartAsync(Func<int, CallbackOutcome> send)
    {
        var calls = 0;
        return new EngineHarness(_time)
        {
            Code = new ScriptedCode()
                .Orchestrator(nameof(CallbackOrchestrator), async context =>
                {
                    await CallbackOrchestrator.RunAsync(context);
                    return null;
                })
                .Activity(nameof(CallbackActivities.SendCallback), (input, _) =>
                {
                    using var document = JsonDocument.Parse(input!);
                    _attempts.Enqueue(document.RootElement.GetProperty(nameof(SendCallbackInput.Attempt)).GetInt32());
                    return Task.FromResult<object?>(send(++calls));
                }),
        }.StartAsync();
    }
}
