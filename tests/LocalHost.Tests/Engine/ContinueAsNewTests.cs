using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class ContinueAsNewTests
{
    [Fact]
    public async Task Continues_with_the_new_input_and_an_empty_history()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Activity("A").Orchestrator("Count", async context =>
            {
                var round = context.GetInput<int>();
                await context.CallActivityAsync("A");
                if (round < 200)
                {
                    context.ContinueAsNew(round + 1);
                    return null;
                }

                return round;
            }),
        }.StartAsync();

        var end = await harness.RunAsync("Count", 1);

        Assert.Equal(200, end.ReadOutputAs<int>());
        Assert.Equal(200, end.ReadInputAs<int>());
        Assert.Equal(200, harness.Code.Runs("A"));
        await harness.StopAsync();
        Assert.Equal(["5"], harness.Query("SELECT CAST(COUNT(*) AS TEXT) FROM history"));
    }

    [Theory]
    [InlineData(true, new[] { "a", "b", "c" })]
    [InlineData(false, new[] { "c" })]
    public async Task Events_nobody_waited_for_are_carried_over_only_when_asked(bool preserve, string[] expected)
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator("Carry", async context =>
            {
                var missing = context.GetInput<int>();
                if (missing < 0)
                {
                    await context.WaitForExternalEvent<string>("turn");
                    context.ContinueAsNew(-missing, preserve);
                    return null;
                }

                var received = new string[missing];
                for (var index = 0; index < missing; index++)
                {
                    received[index] = await context.WaitForExternalEvent<string>("keep");
                }

                return received;
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Carry", -expected.Length);
        await harness.Client.RaiseEventAsync(id, "KEEP", "a");
        await harness.Client.RaiseEventAsync(id, "keep", "b");
        await harness.Client.RaiseEventAsync(id, "turn");
        await harness.UntilAsync(id, instance => instance.ReadInputAs<int>() > 0);
        await harness.Client.RaiseEventAsync(id, "keep", "c");

        Assert.Equal(expected, (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Event_that_comes_after_the_decision_belongs_to_the_next_execution()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Orchestrator("Linger", async context =>
            {
                var wake = context.WaitForExternalEvent<string>("wake");
                if (context.GetInput<string>() == "first")
                {
                    // The open timer keeps this execution alive although the code has returned.
                    _ = context.CreateTimer(TimeSpan.FromMinutes(1), CancellationToken.None);
                    context.ContinueAsNew("second", preserveUnprocessedEvents: false);
                    return null;
                }

                return await wake;
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Linger", "first");
        await harness.UntilAsync(id, instance => instance.IsRunning);

        await harness.Client.RaiseEventAsync(id, "wake", "hello");
        await time.SleepAsync();

        Assert.Equal("hello", (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Guids_and_time_are_the_same_in_every_replay()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Activity("A").Orchestrator("Values", async context =>
            {
                var guids = new[] { context.NewGuid(), context.NewGuid() };
                var time = context.CurrentUtcDateTime;
                await context.CallActivityAsync("A", $"{guids[0]} {guids[1]} {time:o}");
                return guids;
            }),
        }.StartAsync();

        var end = await harness.RunAsync("Values");

        Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
        Assert.Equal(2, end.ReadOutputAs<Guid[]>()!.Distinct().Count());
    }
}
