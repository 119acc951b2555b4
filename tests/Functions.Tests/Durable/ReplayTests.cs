using System.Text.Json;
using Microsoft.DurableTask.Protobuf;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Tests.Durable;

/// <summary>Each orchestrator over hours and days, replayed from its beginning at every step by the runner that the Functions worker uses.</summary>
public sealed class ReplayTests
{
    private static readonly RunReference Reference = new("dev!alice", "run_1");

    private readonly List<string> _tools = [];
    private readonly List<string> _failures = [];

    [Theory]
    [InlineData(SliceEnd.Finished)]
    [InlineData(SliceEnd.Superseded)]
    public void Run_that_has_ended_or_is_anothers_ends_its_orchestration(SliceEnd end)
    {
        var run = Run(_ => new SliceOutcome(end));

        Assert.Null(run.RunUntilIdle());
        Assert.Equal((OrchestrationStatus.Completed, 1), (run.End, run.Calls[nameof(RunActivities.AdvanceRun)]));
    }

    [Fact]
    public void Slices_follow_each_other_over_generations()
    {
        var run = Run(call => new SliceOutcome(call < 120 ? SliceEnd.Yielded : SliceEnd.Finished));

        run.RunUntilIdle();

        Assert.Equal((OrchestrationStatus.Completed, 120, 3), (run.End, run.Calls[nameof(RunActivities.AdvanceRun)], run.Generations));
    }

    [Fact]
    public void Answers_that_are_lost_with_the_worker_cost_a_second_call_each_and_nothing_else()
    {
        var run = Run(call => call switch
        {
            <= 2 => new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1"]),
            <= 4 => new SliceOutcome(SliceEnd.Parked),
            _ => new SliceOutcome(SliceEnd.Finished),
        });
        run.LoseFirstAnswers();
        run.RunUntilIdle();
        run.Raise(RunOrchestrator.WakeEvent);

        Assert.Equal((OrchestrationStatus.Completed, 6), (run.End, run.Calls[nameof(RunActivities.AdvanceRun)]));
        Assert.Equal(["t1c0", "t1c0", "t1c1", "t1c1"], _tools);
    }

    [Fact]
    public void Parked_run_is_looked_at_again_ever_more_seldom_and_never_past_its_time()
    {
        ReplayedInstance<RunReference> run = null!;
        var until = default(DateTime);
        run = Run(call => call <= 6 ? new SliceOutcome(SliceEnd.Parked, until) : new SliceOutcome(SliceEnd.Finished));
        until = run.Now.AddMinutes(50);

        Assert.Equal([1, 2, 4, 8, 15, 15], Enumerable.Range(0, 6).Select(_ => run.Sleep().TotalMinutes));
        Assert.Equal(OrchestrationStatus.Completed, run.End);
    }

    [Fact]
    public void Run_that_is_never_committed_is_looked_for_ten_minutes()
    {
        var run = Run(_ => new SliceOutcome(SliceEnd.Missing));
        var started = run.Now;
        run.RunUntilIdle();
        while (run.End is null)
        {
            run.Sleep();
        }

        Assert.Equal(OrchestrationStatus.Completed, run.End);
        Assert.InRange(run.Now - started, TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(11));
        Assert.InRange(run.Calls[nameof(RunActivities.AdvanceRun)], 10, 20);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Each_wake_up_ends_one_wait_in_whatever_case_it_is_written(bool mayRepeat)
    {
        var run = Run(call => call <= 3 ? new SliceOutcome(SliceEnd.Parked, null, MayRepeat: mayRepeat) : new SliceOutcome(SliceEnd.Finished));
        run.RunUntilIdle();

        for (var wake = 1; wake <= 3; wake++)
        {
            Assert.Equal(wake, run.Calls[nameof(RunActivities.AdvanceRun)]);
            run.Raise("WAKE");
        }

        Assert.Equal((OrchestrationStatus.Completed, 4), (run.End, run.Calls[nameof(RunActivities.AdvanceRun)]));
        Assert.Equal(mayRepeat ? 4 : 1, run.Generations);
    }

    [Fact]
    public void Calls_without_a_slot_are_asked_for_again_until_each_was_made()
    {
        var isFull = true;
        var run = Run(
            call => call == 1 ? new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1"]) : new SliceOutcome(SliceEnd.Finished),
            tool: call => !isFull || call == "t1c0");
        run.RunUntilIdle();
        Assert.Equal(["t1c0", "t1c1"], _tools);
        Assert.Equal(15, run.Sleep().TotalSeconds);
        Assert.Equal(["t1c0", "t1c1", "t1c1"], _tools);

        isFull = false;
        run.Raise(RunOrchestrator.WakeEvent);

        Assert.Equal(["t1c0", "t1c1", "t1c1", "t1c1"], _tools);
        Assert.Equal((OrchestrationStatus.Completed, 2), (run.End, run.Calls[nameof(RunActivities.AdvanceRun)]));
    }

    [Fact]
    public void Slice_that_fails_for_the_last_time_fails_the_run_by_its_error_id()
    {
        var run = Run(_ => throw new SliceFailedException("err_abc"));

        Assert.Equal([1, 2, 4, 8], Enumerable.Range(0, 4).Select(_ => run.Sleep().TotalSeconds));
        Assert.Equal(OrchestrationStatus.Completed, run.End);
        Assert.Equal("err_abc", Assert.Single(_failures));
    }

    [Fact]
    public void Call_that_fails_for_the_last_time_fails_the_run_which_is_not_driven_again()
    {
        var run = Run(_ => new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0"]), tool: _ => throw new SliceFailedException("err_abc"));
        for (var attempt = 1; attempt < 5; attempt++)
        {
            run.Sleep();
        }

        Assert.Equal((OrchestrationStatus.Completed, 1), (run.End, run.Calls[nameof(RunActivities.AdvanceRun)]));
        Assert.Equal("err_abc", Assert.Single(_failures));
    }

    [Fact]
    public void Run_whose_failure_cannot_be_recorded_goes_on_once_storage_is_back()
    {
        var isAway = true;
        var run = Run(
            _ => isAway ? throw new SliceFailedException("err_abc") : new SliceOutcome(SliceEnd.Finished),
            fail: () => throw new SliceFailedException("err_def"));
        run.RunUntilIdle();
        while (_failures.Count < RetryPolicies.FailureAttempts)
        {
            run.Sleep();
        }

        isAway = false;
        Assert.Equal(1, run.Sleep().TotalMinutes);
        Assert.Equal(OrchestrationStatus.Completed, run.End);
    }

    [Fact]
    public void Batch_that_is_never_committed_is_given_up_after_half_a_minute()
    {
        var batch = Batch(_ => new BatchOutcome(BatchSliceEnd.Missing));
        var started = batch.Now;
        batch.RunUntilIdle();
        while (batch.End is null)
        {
            Assert.Equal(2, batch.Sleep().TotalSeconds);
        }

        Assert.Equal((OrchestrationStatus.Completed, TimeSpan.FromSeconds(30)), (batch.End, batch.Now - started));
    }

    [Fact]
    public void Batch_does_not_fail_however_long_storage_is_away()
    {
        var batch = Batch(call => call <= 10 ? throw new SliceFailedException("err_abc") : new BatchOutcome(BatchSliceEnd.Finished));

        Assert.Equal([1, 2, 4, 8, 60, 1, 2, 4, 8, 60], Enumerable.Range(0, 10).Select(_ => batch.Sleep().TotalSeconds));
        Assert.Equal(OrchestrationStatus.Completed, batch.End);
    }

    [Fact]
    public void Parked_batch_is_looked_at_after_a_quarter_of_an_hour_at_the_latest()
    {
        var batch = Batch(call => call == 1 ? new BatchOutcome(BatchSliceEnd.Parked, DateTimeOffset.MaxValue) : new BatchOutcome(BatchSliceEnd.Finished));

        Assert.Equal(15, batch.Sleep().TotalMinutes);
        Assert.Equal(OrchestrationStatus.Completed, batch.End);
    }

    [Fact]
    public void Batch_of_many_slices_begins_new_histories()
    {
        var batch = Batch(call => new BatchOutcome(call < 120 ? BatchSliceEnd.Yielded : BatchSliceEnd.Finished));

        batch.RunUntilIdle();

        Assert.Equal((OrchestrationStatus.Completed, 3), (batch.End, batch.Generations));
    }

    [Fact]
    public void Callback_waits_as_long_as_each_attempt_says_also_for_days()
    {
        var callback = Callback(call => new CallbackOutcome(call < 4 ? call * 172_800 : null));

        // A timer of more than three days is several in history.
        var started = callback.Now;
        callback.RunUntilIdle();
        while (callback.End is null)
        {
            callback.Sleep();
        }

        Assert.Equal((OrchestrationStatus.Completed, TimeSpan.FromDays(12)), (callback.End, callback.Now - started));
        Assert.Equal(4, callback.Calls[nameof(CallbackActivities.SendCallback)]);
    }

    [Fact]
    public void Storage_that_fails_for_long_costs_time_and_not_the_callback()
    {
        var callback = Callback(call => call <= 5 ? throw new SliceFailedException("err_1") : new CallbackOutcome(null));

        Assert.Equal([1, 2, 4, 8, 1800], Enumerable.Range(0, 5).Select(_ => callback.Sleep().TotalSeconds));
        Assert.Equal(OrchestrationStatus.Completed, callback.End);
    }

    [Fact]
    public void Deferred_attempts_do_not_add_to_the_history()
    {
        var callback = Callback(call => call <= 100 ? new CallbackOutcome(5, IsDeferred: true) : new CallbackOutcome(null));
        callback.RunUntilIdle();
        while (callback.End is null)
        {
            Assert.Equal(5, callback.Sleep().TotalSeconds);
        }

        Assert.Equal((OrchestrationStatus.Completed, 101), (callback.End, callback.Generations));
    }

    [Fact]
    public void Canary_that_fails_fails_its_orchestration()
    {
        var canary = new ReplayedInstance<string>(nameof(CanaryOrchestrator), "token", CanaryOrchestrator.RunAsync)
            .Activity(nameof(CanaryOrchestrator.Canary), (_, _) => throw new SliceFailedException("err_1"));

        canary.RunUntilIdle();

        Assert.Equal(OrchestrationStatus.Failed, canary.End);
    }

    private ReplayedInstance<RunReference> Run(Func<int, SliceOutcome> advance, Func<string, bool>? tool = null, Func<SliceOutcome>? fail = null) =>
        new ReplayedInstance<RunReference>(nameof(RunOrchestrator), Reference, RunOrchestrator.RunAsync)
            .Activity(nameof(RunActivities.AdvanceRun), (_, call) => advance(call))
            .Activity(nameof(RunActivities.RunTool), (input, _) =>
            {
                _tools.Add(Property(input, "CallId"));
                return tool?.Invoke(_tools[^1]) ?? true;
            })
            .Activity(nameof(RunActivities.FailRun), (input, _) =>
            {
                _failures.Add(Property(input, "ErrorId"));
                return fail is null ? new SliceOutcome(SliceEnd.Finished) : fail();
            });

    private static ReplayedInstance<BatchReference> Batch(Func<int, BatchOutcome> advance) =>
        new ReplayedInstance<BatchReference>(nameof(BatchOrchestrator), new BatchReference("dev!alice", "batch_1", 1), BatchOrchestrator.RunAsync)
            .Activity(nameof(BatchActivities.AdvanceBatch), (_, call) => advance(call));

    private static ReplayedInstance<CallbackReference> Callback(Func<int, CallbackOutcome> send) =>
        new ReplayedInstance<CallbackReference>(nameof(CallbackOrchestrator), new CallbackReference("dev!alice", "run!run_1", "msg_1"), CallbackOrchestrator.RunAsync)
            .Activity(nameof(CallbackActivities.SendCallback), (_, call) => send(call));

    private static string Property(string input, string name)
    {
        using var document = JsonDocument.Parse(input);
        return document.RootElement.GetProperty(name).GetString()!;
    }
}
