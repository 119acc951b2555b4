using System.Collections.Concurrent;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Tests.Durable;

/// <summary>Each orchestrator on the genuine SDK: Microsoft's worker, client and in-memory backend; only activities are scripted.</summary>
public sealed class SidecarTests
{
    private static readonly RunReference Run = new("dev!alice", "run_1");
    private static readonly BatchReference Batch = new("dev!alice", "batch_1", 1);
    private static readonly CallbackReference Callback = new("dev!alice", "run!run_1", "msg_1");

    [Fact]
    public async Task Canary_gives_back_what_it_was_given()
    {
        await using var sidecar = await DurableSidecar.StartAsync((_, tasks) => tasks
            .AddOrchestratorFunc<string, string>(nameof(CanaryOrchestrator), (context, _) => CanaryOrchestrator.RunAsync(context))
            .AddActivityFunc<string, string>(nameof(CanaryOrchestrator.Canary), (_, token) => CanaryOrchestrator.Canary(token)));

        var instance = await sidecar.EndAsync(await sidecar.ScheduleAsync(nameof(CanaryOrchestrator), "a \"token\""));

        Assert.Equal((OrchestrationRuntimeStatus.Completed, "a \"token\""), (instance.RuntimeStatus, instance.ReadOutputAs<string>()));
    }

    [Fact]
    public async Task Run_goes_through_slices_tools_and_generations_to_its_end()
    {
        var tools = new ConcurrentQueue<string>();
        await using var sidecar = await StartAsync(
            call => call switch
            {
                3 => new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0", "t1c1", "t1c2"]),
                < 60 => new SliceOutcome(SliceEnd.Yielded),
                _ => new SliceOutcome(SliceEnd.Finished),
            },
            call =>
            {
                tools.Enqueue(call.CallId);
                return true;
            });

        var instance = await sidecar.EndAsync(await sidecar.ScheduleAsync(nameof(RunOrchestrator), Run));

        Assert.Equal((OrchestrationRuntimeStatus.Completed, 60), (instance.RuntimeStatus, sidecar.Calls(nameof(RunActivities.AdvanceRun))));
        Assert.Equal(["t1c0", "t1c1", "t1c2"], tools.Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Each_wake_up_ends_one_wait_also_where_every_wait_begins_a_new_history(bool mayRepeat)
    {
        await using var sidecar = await StartAsync(call => call <= 3
            ? new SliceOutcome(SliceEnd.Parked, DateTimeOffset.UtcNow.AddDays(10), MayRepeat: mayRepeat)
            : new SliceOutcome(SliceEnd.Finished));
        var id = await sidecar.ScheduleAsync(nameof(RunOrchestrator), Run);

        for (var wake = 1; wake <= 3; wake++)
        {
            await sidecar.IdleAsync(id, nameof(RunActivities.AdvanceRun), wake);
            Assert.Equal(wake, sidecar.Calls(nameof(RunActivities.AdvanceRun)));
            await sidecar.Client.RaiseEventAsync(id, RunOrchestrator.WakeEvent);
        }

        await sidecar.IdleAsync(id, nameof(RunActivities.AdvanceRun), 4);
        Assert.Equal(4, sidecar.Calls(nameof(RunActivities.AdvanceRun)));
    }

    [Fact]
    public async Task Wake_up_that_comes_during_a_slice_is_kept_for_the_wait_after_it()
    {
        using var isWoken = new SemaphoreSlim(0);
        await using var sidecar = await StartAsync(call =>
        {
            if (call > 1)
            {
                return new SliceOutcome(SliceEnd.Finished);
            }

            Assert.True(isWoken.Wait(TimeSpan.FromSeconds(60)));
            return new SliceOutcome(SliceEnd.Parked, DateTimeOffset.UtcNow.AddHours(1));
        });
        var id = await sidecar.ScheduleAsync(nameof(RunOrchestrator), Run);
        await sidecar.IdleAsync(id, nameof(RunActivities.AdvanceRun), 1);
        await sidecar.Client.RaiseEventAsync(id, RunOrchestrator.WakeEvent);
        isWoken.Release();

        await sidecar.IdleAsync(id, nameof(RunActivities.AdvanceRun), 2);
        Assert.Equal(2, sidecar.Calls(nameof(RunActivities.AdvanceRun)));
    }

    [Fact]
    public async Task Parked_run_is_looked_at_at_its_time()
    {
        var until = DateTimeOffset.UtcNow.AddSeconds(2);
        var looks = new List<DateTimeOffset>();
        await using var sidecar = await StartAsync(call =>
        {
            looks.Add(DateTimeOffset.UtcNow);
            return call == 1 ? new SliceOutcome(SliceEnd.Parked, until) : new SliceOutcome(SliceEnd.Finished);
        });

        var instance = await sidecar.EndAsync(await sidecar.ScheduleAsync(nameof(RunOrchestrator), Run));

        Assert.Equal((OrchestrationRuntimeStatus.Completed, 2), (instance.RuntimeStatus, looks.Count));
        Assert.True(looks[1] >= until, $"{looks[1]:O} is before {until:O}.");
    }

    [Fact]
    public async Task Slice_that_fails_is_tried_again_and_the_run_goes_on()
    {
        await using var sidecar = await StartAsync(call => call <= 2
            ? throw new SliceFailedException("err_abc")
            : new SliceOutcome(SliceEnd.Finished));

        var instance = await sidecar.EndAsync(await sidecar.ScheduleAsync(nameof(RunOrchestrator), Run));

        Assert.Equal((OrchestrationRuntimeStatus.Completed, 3), (instance.RuntimeStatus, sidecar.Calls(nameof(RunActivities.AdvanceRun))));
        Assert.Equal(0, sidecar.Calls(nameof(RunActivities.FailRun)));
    }

    [Fact]
    public async Task Run_that_was_parked_when_the_worker_ended_goes_on_in_the_next_one()
    {
        await using var sidecar = await StartAsync(call => call switch
        {
            1 => new SliceOutcome(SliceEnd.Yielded),
            2 => new SliceOutcome(SliceEnd.Distributed, CallIds: ["t1c0"]),
            3 => new SliceOutcome(SliceEnd.Parked, DateTimeOffset.UtcNow.AddHours(1)),
            _ => new SliceOutcome(SliceEnd.Finished),
        });
        var id = await sidecar.ScheduleAsync(nameof(RunOrchestrator), Run);
        await sidecar.IdleAsync(id, nameof(RunActivities.AdvanceRun), 3);
        await sidecar.EndWorkerAsync();
        await sidecar.StartWorkerAsync();

        await sidecar.Client.RaiseEventAsync(id, RunOrchestrator.WakeEvent);
        await sidecar.IdleAsync(id, nameof(RunActivities.AdvanceRun), 4);

        Assert.Equal(4, sidecar.Calls(nameof(RunActivities.AdvanceRun)));
        Assert.Equal(1, sidecar.Calls(nameof(RunActivities.RunTool)));
    }

    [Fact]
    public async Task Batch_goes_through_waits_wake_ups_and_generations_to_its_end()
    {
        await using var sidecar = await DurableSidecar.StartAsync((sidecar, tasks) => tasks
            .AddOrchestratorFunc<BatchReference>(nameof(BatchOrchestrator), (context, _) => BatchOrchestrator.RunAsync(context))
            .AddActivityFunc<BatchReference, BatchOutcome>(nameof(BatchActivities.AdvanceBatch), (_, batch) =>
            {
                Assert.Equal(Batch, batch);
                return sidecar.Count(nameof(BatchActivities.AdvanceBatch)) switch
                {
                    1 => new BatchOutcome(BatchSliceEnd.Missing),
                    2 => throw new SliceFailedException("err_abc"),
                    3 => new BatchOutcome(BatchSliceEnd.Parked, DateTimeOffset.UtcNow.AddSeconds(1)),
                    4 => new BatchOutcome(BatchSliceEnd.Parked, DateTimeOffset.UtcNow.AddHours(1)),
                    < 70 => new BatchOutcome(BatchSliceEnd.Yielded),
                    _ => new BatchOutcome(BatchSliceEnd.Finished),
                };
            }));
        var id = await sidecar.ScheduleAsync(nameof(BatchOrchestrator), Batch);
        await sidecar.IdleAsync(id, nameof(BatchActivities.AdvanceBatch), 4);
        await sidecar.EndWorkerAsync();
        await sidecar.StartWorkerAsync();

        await sidecar.Client.RaiseEventAsync(id, RunOrchestrator.WakeEvent);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await sidecar.EndAsync(id)).RuntimeStatus);
        Assert.Equal(70, sidecar.Calls(nameof(BatchActivities.AdvanceBatch)));
    }

    [Fact]
    public async Task Callback_is_tried_until_it_is_done_and_a_deferred_attempt_is_made_again()
    {
        var attempts = new List<int>();
        await using var sidecar = await DurableSidecar.StartAsync((sidecar, tasks) => tasks
            .AddOrchestratorFunc<CallbackReference>(nameof(CallbackOrchestrator), (context, _) => CallbackOrchestrator.RunAsync(context))
            .AddActivityFunc<SendCallbackInput, CallbackOutcome>(nameof(CallbackActivities.SendCallback), (_, input) =>
            {
                attempts.Add(input.Attempt);
                return sidecar.Count(nameof(CallbackActivities.SendCallback)) switch
                {
                    1 => new CallbackOutcome(1),
                    2 => throw new SliceFailedException("err_abc"),
                    3 or 4 => new CallbackOutcome(1, IsDeferred: true),
                    5 => new CallbackOutcome(1),
                    _ => new CallbackOutcome(RetryAfterSeconds: null),
                };
            }));

        var instance = await sidecar.EndAsync(await sidecar.ScheduleAsync(nameof(CallbackOrchestrator), Callback));

        Assert.Equal(OrchestrationRuntimeStatus.Completed, instance.RuntimeStatus);
        Assert.Equal([1, 2, 2, 2, 2, 3], attempts);
    }

    private static Task<DurableSidecar> StartAsync(Func<int, SliceOutcome> advance, Func<RunToolInput, bool>? tool = null) =>
        DurableSidecar.StartAsync((sidecar, tasks) => tasks
            .AddOrchestratorFunc<RunReference>(nameof(RunOrchestrator), (context, _) => RunOrchestrator.RunAsync(context))
            .AddActivityFunc<AdvanceRunInput, SliceOutcome>(nameof(RunActivities.AdvanceRun), (context, input) =>
            {
                Assert.Equal(new AdvanceRunInput(Run.Partition, Run.RunId, context.InstanceId), input);
                return advance(sidecar.Count(nameof(RunActivities.AdvanceRun)));
            })
            .AddActivityFunc<RunToolInput, bool>(nameof(RunActivities.RunTool), (_, input) =>
            {
                sidecar.Count(nameof(RunActivities.RunTool));
                return tool?.Invoke(input) ?? true;
            })
            .AddActivityFunc<FailRunInput, SliceOutcome>(nameof(RunActivities.FailRun), (_, _) =>
            {
                sidecar.Count(nameof(RunActivities.FailRun));
                return new SliceOutcome(SliceEnd.Finished);
            }));
}
