using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class RestartTests
{
    [Fact]
    public async Task Activity_cut_short_by_a_stop_runs_again_after_the_start()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Done")
                .Activity("Long", async (_, cancellation) =>
                {
                    started.SetResult();
                    await Task.Delay(Timeout.Infinite, cancellation);
                    return null;
                })
                .Orchestrator("Work", async context => new[]
                {
                    await context.CallActivityAsync<string>("Done"),
                    await context.CallActivityAsync<string>("Long"),
                }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Work");
        await started.Task.WaitAsync(EngineHarness.Patience);
        await harness.StopAsync();

        harness.Code.Activity("Long");
        await harness.StartAsync();

        Assert.Equal(["Done", "Long"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
        Assert.Equal(1, harness.Code.Runs("Done"));
        Assert.Equal(2, harness.Code.Runs("Long"));
    }

    [Fact]
    public async Task Activity_that_ends_during_the_stop_is_recorded()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Graceful", async (_, cancellation) =>
                {
                    var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    await using var registration = cancellation.Register(cancelled.SetResult);
                    started.SetResult();
                    await cancelled.Task;
                    return "finished its step";
                })
                .Orchestrator("Work", async context => await context.CallActivityAsync<string>("Graceful")),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Work");
        await started.Task.WaitAsync(EngineHarness.Patience);
        await harness.StopAsync();

        await harness.StartAsync();

        Assert.Equal("finished its step", (await harness.EndAsync(id)).ReadOutputAs<string>());
        Assert.Equal(1, harness.Code.Runs("Graceful"));
    }

    [Fact]
    public async Task Activity_that_ignores_the_stop_is_left_behind_and_its_late_result_is_dropped()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode()
                .Activity("Deaf", async (_, _) =>
                {
                    started.TrySetResult();
                    await release.Task;
                    return "late";
                })
                .Orchestrator("Work", async context => await context.CallActivityAsync<string>("Deaf")),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Work");
        await started.Task.WaitAsync(EngineHarness.Patience);
        var stop = harness.StopAsync();
        while (!stop.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        release.SetResult();
        harness.Code.Activity("Deaf", (_, _) => Task.FromResult<object?>("again"));
        await harness.StartAsync();

        Assert.Equal("again", (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Client_still_works_while_the_engine_stops()
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        EngineHarness? running = null;
        await using var harness = running = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Last", async (_, cancellation) =>
                {
                    var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                    await using var registration = cancellation.Register(cancelled.SetResult);
                    started.SetResult();
                    await cancelled.Task;
                    await running!.ScheduleAsync("Next", id: "next");
                    return null;
                })
                .Orchestrator("Work", async context => await context.CallActivityAsync<string>("Last"))
                .Orchestrator("Next", _ => Task.FromResult<object?>("went on")),
        }.StartAsync();
        await harness.ScheduleAsync("Work");
        await started.Task.WaitAsync(EngineHarness.Patience);
        await harness.StopAsync();

        await harness.StartAsync();

        Assert.Equal("went on", (await harness.EndAsync("next")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Database_of_another_version_is_refused()
    {
        await using var harness = await new EngineHarness().StartAsync();
        await harness.StopAsync();
        harness.Query("PRAGMA user_version = 99");

        var e = await Assert.ThrowsAsync<InvalidOperationException>(harness.StartAsync);

        Assert.Contains("schema 99", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instances_that_ended_stay_readable_after_a_restart()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator("Fail", _ => throw new FormatException("bad")),
        }.StartAsync();
        var id = (await harness.RunAsync("Fail")).InstanceId;
        await harness.StopAsync();
        await harness.StartAsync();

        var found = await harness.Client.GetInstanceAsync(id, getInputsAndOutputs: true);

        Assert.Equal(OrchestrationRuntimeStatus.Failed, found!.RuntimeStatus);
        Assert.Equal("bad", found.FailureDetails!.ErrorMessage);
    }
}
