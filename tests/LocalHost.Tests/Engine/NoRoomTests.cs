using Microsoft.DurableTask.Client;
using Yggdrasil.Fixtures;
using Yggdrasil.Functions.Durable;
using Yggdrasil.LocalHost.Engine.Storage;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.LocalHost.Tests.Engine;

/// <summary>An engine whose disk is full: it says so, loses nothing, and goes on when there is room.</summary>
public sealed class NoRoomTests
{
    private const int Large = 200_000;

    [Fact]
    public async Task Engine_without_room_refuses_starts_says_that_it_cannot_serve_and_goes_on_with_room()
    {
        await using var harness = await new EngineHarness { Code = Echo() }.StartAsync();
        await harness.RunAsync("Echo", "small");
        harness.Engine.Database.LimitPages(1);

        var scheduler = new DurableRunScheduler(harness.Client);
        await Assert.ThrowsAsync<NoRoomException>(() => harness.ScheduleAsync("Echo", new string('x', Large)));
        await Assert.ThrowsAsync<StorageNotAnsweringException>(
            () => scheduler.ScheduleAsync(new string('y', Large), new RunReference("dev!alice", "run_1"), CancellationToken.None));
        Assert.NotNull(harness.Engine.Problem);

        harness.Engine.Database.LimitPages(1_000_000);
        Assert.Null(harness.Engine.Problem);
        var ended = await harness.RunAsync("Echo", new string('x', Large));
        Assert.Equal(OrchestrationRuntimeStatus.Completed, ended.RuntimeStatus);
    }

    [Fact]
    public async Task Step_and_result_that_found_no_room_are_stored_when_there_is_some_and_the_activity_runs_once()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var mayEnd = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var code = new ScriptedCode()
            .Orchestrator("Grows", async context => (object?)(await context.CallActivityAsync<string>("Grow")).Length)
            .Activity("Grow", async (_, _) =>
            {
                begun.TrySetResult();
                await mayEnd.Task;
                return new string('x', Large);
            });
        await using var harness = await new EngineHarness { Code = code }.StartAsync();
        var id = await harness.ScheduleAsync("Grows");
        await begun.Task.WaitAsync(EngineHarness.Patience);
        harness.Engine.Database.LimitPages(1);
        mayEnd.SetResult();
        await Poll.UntilAsync(() => harness.Engine.Database.HasNoRoom);

        Assert.False((await harness.Client.GetInstanceAsync(id))!.IsCompleted);
        harness.Engine.Database.LimitPages(1_000_000);

        var ended = await harness.EndAsync(id);
        Assert.Equal((OrchestrationRuntimeStatus.Completed, Large), (ended.RuntimeStatus, ended.ReadOutputAs<int>()));
        Assert.Equal(1, code.Runs("Grow"));
    }

    private static ScriptedCode Echo() => new ScriptedCode().Orchestrator("Echo", context => Task.FromResult<object?>(context.GetInput<string>()!.Length));
}
