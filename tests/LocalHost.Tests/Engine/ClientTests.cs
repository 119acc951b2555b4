using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class ClientTests
{
    [Fact]
    public async Task Delayed_start_runs_not_before_its_time()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time) { Code = Echo() }.StartAsync();
        await ScheduleAsync(harness, "later", new StartOrchestrationOptions("later", time.GetUtcNow().AddSeconds(30)));
        await harness.RunAsync("Echo");

        var waiting = await harness.Client.GetInstanceAsync("later");
        Assert.Equal(OrchestrationRuntimeStatus.Pending, waiting!.RuntimeStatus);

        Assert.Equal(TimeSpan.FromSeconds(30), await time.SleepAsync());
        Assert.Equal("later", (await harness.EndAsync("later")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Delayed_start_survives_a_restart()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time) { Code = Echo() }.StartAsync();
        await ScheduleAsync(harness, "later", new StartOrchestrationOptions("later", time.GetUtcNow().AddSeconds(30)));
        await harness.StopAsync();
        await harness.StartAsync();
        Assert.Equal(OrchestrationRuntimeStatus.Pending, (await harness.Client.GetInstanceAsync("later"))!.RuntimeStatus);

        time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("later", (await harness.EndAsync("later")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Event_before_a_delayed_start_is_lost_as_on_the_genuine_backend()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Orchestrator("Wait", async context => await context.WaitForExternalEvent<string>("wake")),
        }.StartAsync();
        await harness.Client.ScheduleNewOrchestrationInstanceAsync(
            "Wait", new StartOrchestrationOptions("w", time.GetUtcNow().AddSeconds(30)));
        await harness.Client.RaiseEventAsync("w", "wake", "early");
        await time.SleepAsync();
        await harness.UntilAsync("w", instance => instance.IsRunning);

        await harness.Client.RaiseEventAsync("w", "wake", "in time");

        Assert.Equal("in time", (await harness.EndAsync("w")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Start_in_the_past_runs_at_once()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time) { Code = Echo() }.StartAsync();

        await ScheduleAsync(harness, "past", new StartOrchestrationOptions("past", time.GetUtcNow().AddDays(-1)));

        Assert.Equal("past", (await harness.EndAsync("past")).ReadOutputAs<string>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Start_of_an_instance_that_has_not_ended_is_refused(bool delayed)
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = Echo().Orchestrator("Wait", async context => await context.WaitForExternalEvent<string>("wake")),
        }.StartAsync();
        await harness.Client.ScheduleNewOrchestrationInstanceAsync(
            "Wait", new StartOrchestrationOptions("same", delayed ? time.GetUtcNow().AddHours(1) : null));

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => harness.ScheduleAsync("Echo", "new", "same"));

        Assert.Equal("Wait", (await harness.Client.GetInstanceAsync("same"))!.Name);
    }

    [Fact]
    public async Task Start_of_an_ended_instance_replaces_it()
    {
        await using var harness = await new EngineHarness { Code = Echo() }.StartAsync();
        await harness.EndAsync(await harness.ScheduleAsync("Echo", "old", "same"));

        await harness.ScheduleAsync("Echo", "new", "same");

        await harness.UntilAsync("same", instance => instance.IsCompleted && instance.ReadOutputAs<string>() == "new");
    }

    [Fact]
    public async Task Start_of_an_ended_instance_is_refused_in_the_statuses_asked_for()
    {
        await using var harness = await new EngineHarness { Code = Echo() }.StartAsync();
        await harness.EndAsync(await harness.ScheduleAsync("Echo", "old", "same"));
        var once = new StartOrchestrationOptions("same").WithDedupeStatuses(OrchestrationRuntimeStatus.Completed);

        await Assert.ThrowsAsync<OrchestrationAlreadyExistsException>(() => ScheduleAsync(harness, "new", once));
        await ScheduleAsync(harness, "new", once.WithDedupeStatuses(OrchestrationRuntimeStatus.Failed));

        await harness.UntilAsync("same", instance => instance.IsCompleted && instance.ReadOutputAs<string>() == "new");
    }

    [Fact]
    public async Task Unknown_dedupe_status_is_refused()
    {
        await using var harness = await new EngineHarness { Code = Echo() }.StartAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => ScheduleAsync(
            harness, "x", new StartOrchestrationOptions { DedupeStatuses = ["Finished"] }));
    }

    [Fact]
    public async Task Instance_that_does_not_exist_is_null()
    {
        await using var harness = await new EngineHarness().StartAsync();

        Assert.Null(await harness.Client.GetInstanceAsync("nobody"));
    }

    [Fact]
    public async Task Inputs_and_outputs_are_only_there_when_asked_for()
    {
        await using var harness = await new EngineHarness { Code = Echo() }.StartAsync();
        var end = await harness.RunAsync("Echo", "secret");

        var without = await harness.Client.GetInstanceAsync(end.InstanceId);

        Assert.Equal("\"secret\"", end.SerializedInput);
        Assert.Null(without!.SerializedInput);
        Assert.Null(without.SerializedOutput);
        Assert.Throws<InvalidOperationException>(without.ReadOutputAs<string>);
    }

    [Fact]
    public async Task Purge_removes_everything_of_a_terminal_instance()
    {
        await using var harness = await new EngineHarness { Code = Echo() }.StartAsync();
        var end = await harness.RunAsync("Echo", "x");

        Assert.Equal(1, (await harness.Client.PurgeInstanceAsync(end.InstanceId)).PurgedInstanceCount);
        Assert.Equal(0, (await harness.Client.PurgeInstanceAsync(end.InstanceId)).PurgedInstanceCount);

        Assert.Null(await harness.Client.GetInstanceAsync(end.InstanceId));
        await harness.StopAsync();
        Assert.Empty(harness.Query("SELECT instance_id FROM history"));
    }

    [Fact]
    public async Task Purge_of_a_running_instance_is_refused()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator("Wait", async context => await context.WaitForExternalEvent<string>("wake")),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");

        await Assert.ThrowsAsync<InvalidOperationException>(() => harness.Client.PurgeInstanceAsync(id));

        Assert.NotNull(await harness.Client.GetInstanceAsync(id));
    }

    [Fact]
    public async Task Client_of_a_stopped_engine_says_so()
    {
        await using var harness = await new EngineHarness().StartAsync();
        await harness.StopAsync();

        await Assert.ThrowsAsync<InvalidOperationException>(() => harness.ScheduleAsync("Echo"));
    }

    [Fact]
    public async Task Second_engine_on_the_same_file_is_refused()
    {
        await using var harness = await new EngineHarness().StartAsync();
        var first = harness.Engine;
        try
        {
            var e = await Assert.ThrowsAsync<InvalidOperationException>(harness.StartAsync);
            Assert.Contains("Another process uses", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            await first.DisposeAsync();
        }
    }

    private static ScriptedCode Echo()
        => new ScriptedCode().Orchestrator("Echo", context => Task.FromResult<object?>(context.GetInput<string>()));

    private static Task<string> ScheduleAsync(EngineHarness harness, string input, StartOrchestrationOptions options)
        => harness.Client.ScheduleNewOrchestrationInstanceAsync("Echo", input, options);
}
