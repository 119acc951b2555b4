using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.LocalHost.Tests.Engine;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.LocalHost.Tests.Functions;

/// <summary>The orchestrator on the real engine, its activities scripted, its clock moved by its own sleeps.</summary>
public sealed class RunOrchestratorTests
{
    private static readonly RunReference Reference = new("dev!alice", "run_1");

    private readonly SteppedTime _time = new();
    private readonly ConcurrentQueue<string> _tools = new();
    private readonly ConcurrentQueue<string> _failures = new();

    [Theory]
    [InlineData(SliceEnd.Finished)]
    [InlineData(SliceEnd.Superseded)]
    public async Task Run_that_has_ended_or_is_anothers_ends_its_orchestration(object end)
    {
        await using var harness = await StartAsync(_ => new SliceOutcome((SliceEnd)end));

        var instance = await RunAsync(harness);

        Assert.Equal((OrchestrationRuntimeStatus.Completed, 1), (instance.RuntimeStatus, harness.Code.Runs(nameof(RunActivities.AdvanceRun))));
    }

    [Fact]
    public async Task Slices_follow_each_other_beyond_a_generation()
    {
        await using var harness = await StartAsync(call => new SliceOutcome(call < 120 ? SliceEnd.Yielded : SliceEnd.Finished));

        await RunAsync(harness);

        Assert.Equal(120, harness.Code.Runs(nameof(RunActivities.AdvanceRun)));
    }

    [Fact]
    public async Task Distributed_calls_run_as_activities_before_the_next_slice()
    {
        await using var harness = await StartAsync(call => call == 1
            ? new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1", "t1c2"])
            : new SliceOutcome(SliceEnd.Finished));

        await RunAsync(harness);

        Assert.Equal(["t1c0", "t1c1", "t1c2"], _tools.Order());
        Assert.Equal(2, harness.Code.Runs(nameof(RunActivities.AdvanceRun)));
    }

    [Fact]
    public async Task Parked_run_is_looked_at_again_ever_more_seldom_and_never_past_its_time()
    {
        var start = _time.GetUtcNow();
        await using var harness = await StartAsync(call => call <= 6
            ? new SliceOutcome(SliceEnd.Parked, start.AddMinutes(50))
            : new SliceOutcome(SliceEnd.Finished));
        var id = await ScheduleAsync(harness);

        List<double> pauses = [];
        for (var i = 0; i < 6; i++)
        {
            pauses.Add((await _time.SleepAsync()).TotalMinutes);
        }

        await harness.EndAsync(id);
        Assert.Equal([1, 2, 4, 8, 15, 15], pauses);
    }

    [Fact]
    public async Task Parked_run_is_looked_at_when_its_lease_ends()
    {
        await using var harness = await StartAsync(call => call == 1
            ? new SliceOutcome(SliceEnd.Parked, _time.GetUtcNow().AddSeconds(7))
            : new SliceOutcome(SliceEnd.Finished));
        var id = await ScheduleAsync(harness);

        Assert.Equal(TimeSpan.FromSeconds(7), await _time.SleepAsync());
        await harness.EndAsync(id);
    }

    [Fact]
    public async Task Wake_up_ends_the_wait_at_once_each_time()
    {
        await using var harness = await StartAsync(call => call <= 3
            ? new SliceOutcome(SliceEnd.Parked, _time.GetUtcNow().AddDays(1))
            : new SliceOutcome(SliceEnd.Finished));
        var id = await ScheduleAsync(harness);

        for (var wake = 1; wake <= 3; wake++)
        {
            var slices = wake;
            await harness.UntilAsync(id, _ => harness.Code.Runs(nameof(RunActivities.AdvanceRun)) == slices);
            await harness.Client.RaiseEventAsync(id, RunOrchestrator.WakeEvent);
        }

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await harness.EndAsync(id)).RuntimeStatus);
        Assert.Equal(4, harness.Code.Runs(nameof(RunActivities.AdvanceRun)));
    }

    [Fact]
    public async Task Run_that_is_never_committed_is_looked_for_ever_more_seldom_for_ten_minutes()
    {
        var start = _time.GetUtcNow();
        await using var harness = await StartAsync(_ => new SliceOutcome(SliceEnd.Missing));
        var id = await ScheduleAsync(harness);

        while (_time.GetUtcNow() < start + LateStarts.Patience)
        {
            await _time.SleepAsync();
        }

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await harness.EndAsync(id)).RuntimeStatus);
        Assert.InRange(harness.Code.Runs(nameof(RunActivities.AdvanceRun)), 10, 20);
        Assert.InRange(_time.GetUtcNow() - start, LateStarts.Patience, LateStarts.Patience + TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Run_that_is_committed_late_is_found_when_it_is_called()
    {
        var isCommitted = false;
        await using var harness = await StartAsync(_ => new SliceOutcome(Volatile.Read(ref isCommitted) ? SliceEnd.Finished : SliceEnd.Missing));
        var id = await ScheduleAsync(harness);
        for (var look = 0; look < 3; look++)
        {
            await _time.SleepAsync();
        }

        Volatile.Write(ref isCommitted, true);
        await harness.Client.RaiseEventAsync(id, RunOrchestrator.WakeEvent);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await harness.EndAsync(id)).RuntimeStatus);
    }

    [Fact]
    public async Task Slice_that_fails_for_the_last_time_fails_the_run_by_its_error_id()
    {
        await using var harness = await StartAsync(_ => throw new SliceFailedException("err_abc"));
        var id = await ScheduleAsync(harness);

        List<double> pauses = [];
        for (var i = 0; i < 4; i++)
        {
            pauses.Add((await _time.SleepAsync()).TotalSeconds);
        }

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await harness.EndAsync(id)).RuntimeStatus);
        Assert.Equal([1, 2, 4, 8], pauses);
        Assert.Equal("err_abc", Assert.Single(_failures));
    }

    [Theory]
    [InlineData(SliceEnd.Yielded)]
    [InlineData(SliceEnd.Distributed)]
    public async Task Run_whose_failure_cannot_be_recorded_either_goes_on_once_storage_is_back(object end)
    {
        var away = true;
        SliceOutcome Fail() => away ? throw new SliceFailedException("err_abc") : new SliceOutcome(SliceEnd.Finished);
        await using var harness = await StartAsync(
            _ => away && (SliceEnd)end == SliceEnd.Distributed ? new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1"]) : Fail(), _ => Fail(), Fail);
        var ended = harness.EndAsync(await ScheduleAsync(harness));

        List<double> pauses = [];
        while (!ended.IsCompleted)
        {
            var sleep = _time.FallAsleepAsync();
            if (await Task.WhenAny(sleep, ended) == sleep)
            {
                // The last attempt at recording it is over; what follows is the wait of a parked run.
                away = harness.Code.Runs(nameof(RunActivities.FailRun)) < RetryPolicies.FailureAttempts;
                pauses.Add((await sleep).TotalMinutes);
                _time.Advance(await sleep);
            }
        }

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await ended).RuntimeStatus);
        Assert.Equal((RetryPolicies.FailureAttempts, 1), (harness.Code.Runs(nameof(RunActivities.FailRun)), pauses[^1]));
    }

    [Fact]
    public async Task Run_that_was_failed_because_of_a_call_is_not_driven_again()
    {
        await using var harness = await StartAsync(
            _ => new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0"]), runTool: _ => throw new SliceFailedException("err_abc"));
        var ended = harness.EndAsync(await ScheduleAsync(harness));
        for (var attempt = 1; attempt < 5; attempt++)
        {
            await _time.SleepAsync();
        }

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await ended).RuntimeStatus);
        Assert.Equal("err_abc", Assert.Single(_failures));
        Assert.Equal(1, harness.Code.Runs(nameof(RunActivities.AdvanceRun)));
    }

    [Fact]
    public async Task Call_that_found_no_place_is_made_later_and_the_others_are_not_made_again()
    {
        var asked = 0;
        await using var harness = await StartAsync(
            call => call == 1 ? new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1", "t1c2"]) : new SliceOutcome(SliceEnd.Finished),
            runTool: callId => callId != "t1c1" || ++asked == 3);
        var id = await ScheduleAsync(harness);

        List<double> pauses = [(await _time.SleepAsync()).TotalSeconds, (await _time.SleepAsync()).TotalSeconds];
        await harness.EndAsync(id);

        Assert.Equal([15, 15], pauses);
        Assert.Equal(["t1c0", "t1c1", "t1c1", "t1c1", "t1c2"], _tools.Order());
        Assert.Equal(2, harness.Code.Runs(nameof(RunActivities.AdvanceRun)));
    }

    [Fact]
    public async Task Call_that_found_no_place_is_made_at_once_when_the_run_is_called()
    {
        var hasPlace = false;
        await using var harness = await StartAsync(
            call => call == 1 ? new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0"]) : new SliceOutcome(SliceEnd.Finished),
            runTool: _ => Volatile.Read(ref hasPlace));
        var id = await ScheduleAsync(harness);
        await _time.FallAsleepAsync();

        Volatile.Write(ref hasPlace, true);
        await harness.Client.RaiseEventAsync(id, RunOrchestrator.WakeEvent);
        await harness.EndAsync(id);

        Assert.Equal(["t1c0", "t1c0"], _tools);
    }

    [Fact]
    public async Task Calls_that_never_find_a_place_are_looked_at_by_a_slice_after_some_rounds()
    {
        await using var harness = await StartAsync(
            call => call == 1 ? new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0"]) : new SliceOutcome(SliceEnd.Finished), runTool: _ => false);
        var id = await ScheduleAsync(harness);
        for (var round = 0; round < 5; round++)
        {
            Assert.Equal(TimeSpan.FromSeconds(15), await _time.SleepAsync());
        }

        await harness.EndAsync(id);

        Assert.Equal((5, 2), (_tools.Count, harness.Code.Runs(nameof(RunActivities.AdvanceRun))));
    }

    [Fact]
    public async Task Call_whose_activity_fails_is_tried_again_and_the_others_are_not()
    {
        var failures = 0;
        await using var harness = await StartAsync(
            call => call == 1 ? new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1"]) : new SliceOutcome(SliceEnd.Finished),
            runTool: callId => callId == "t1c1" && ++failures < 3 ? throw new SliceFailedException("err_abc") : true);
        var id = await ScheduleAsync(harness);

        List<double> pauses = [(await _time.SleepAsync()).TotalSeconds, (await _time.SleepAsync()).TotalSeconds];
        await harness.EndAsync(id);

        Assert.Equal([1, 2], pauses);
        Assert.Equal(["t1c0", "t1c1", "t1c1", "t1c1"], _tools.Order());
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task History_of_a_run_that_waits_for_a_place_does_not_grow()
    {
        await using var harness = await StartAsync(_ => SliceOutcome.Crowded(_time.GetUtcNow().AddSeconds(10)));
        await ScheduleAsync(harness);
        for (var look = 0; look < 100; look++)
        {
            await _time.SleepAsync();
        }

        await _time.FallAsleepAsync();
        await harness.StopAsync();

        Assert.InRange(int.Parse(Assert.Single(harness.Query("SELECT CAST(COUNT(*) AS TEXT) FROM history")), System.Globalization.CultureInfo.InvariantCulture), 1, 8);
        Assert.Equal(101, harness.Code.Runs(nameof(RunActivities.AdvanceRun)));
    }

    /// <param name="runTool">What a distributed call comes to, beside being recorded.</param>
    /// <param name="fail">What recording a failure comes to, beside being recorded.</param>
    private Task<EngineHarness> StartAsync(
        Func<int, SliceOutcome> advance, Func<string, object?>? runTool = null, Func<SliceOutcome>? fail = null)
    {
        var calls = 0;
        return new EngineHarness(_time)
        {
            Code = new ScriptedCode()
                .Orchestrator(nameof(RunOrchestrator), async context =>
                {
                    await RunOrchestrator.RunAsync(context);
                    return null;
                })
                .Activity(nameof(RunActivities.AdvanceRun), (_, _) => Task.FromResult<object?>(advance(++calls)))
                .Activity(nameof(RunActivities.RunTool), (input, _) => RecordAsync(_tools, input, "CallId", runTool))
                .Activity(nameof(RunActivities.FailRun), (input, _) => RecordAsync(_failures, input, "ErrorId", _ => fail is null ? new SliceOutcome(SliceEnd.Finished) : fail())),
        }.StartAsync();
    }

    private static Task<object?> RecordAsync(ConcurrentQueue<string> record, string? input, string property, Func<string, object?>? answer)
    {
        using var document = JsonDocument.Parse(input!);
        var about = document.RootElement.GetProperty(property).GetString()!;
        record.Enqueue(about);
        return Task.FromResult(answer?.Invoke(about));
    }

    private static Task<string> ScheduleAsync(EngineHarness harness) => harness.ScheduleAsync(nameof(RunOrchestrator), Reference);

    private static Task<OrchestrationMetadata> RunAsync(EngineHarness harness) => harness.RunAsync(nameof(RunOrchestrator), Reference);
}
