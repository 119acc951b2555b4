using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.LocalHost.Engine.Replay;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class DeterminismTests
{
    /// <summary>What the code did before a restart, and what it does after it.</summary>
    public static TheoryData<string, Func<TaskOrchestrationContext, Task>, Func<TaskOrchestrationContext, Task>> Changes => new()
    {
        { "another activity", c => c.CallActivityAsync("A"), c => c.CallActivityAsync("B") },
        {
            "swapped order",
            c => Task.WhenAll(c.CallActivityAsync("A"), c.CallActivityAsync("B")),
            c => Task.WhenAll(c.CallActivityAsync("B"), c.CallActivityAsync("A"))
        },
        {
            "one call fewer",
            c => Task.WhenAll(c.CallActivityAsync("A"), c.CallActivityAsync("B")),
            c => c.CallActivityAsync("A")
        },
        {
            "one call more",
            c => c.CallActivityAsync("A"),
            c => Task.WhenAll(c.CallActivityAsync("A"), c.CallActivityAsync("B"))
        },
        { "no call at all", c => c.CallActivityAsync("A"), _ => Task.CompletedTask },
        { "timer for activity", c => c.CallActivityAsync("A"), c => c.CreateTimer(TimeSpan.FromDays(1), default) },
        { "event for activity", c => c.CallActivityAsync("A"), c => c.WaitForExternalEvent<string>("A") },
        { "activity for timer", c => c.CreateTimer(TimeSpan.FromDays(1), default), c => c.CallActivityAsync("A") },
        { "activity for event", c => c.WaitForExternalEvent<string>("x"), c => c.CallActivityAsync("A") },
        { "another input", c => c.CallActivityAsync("A", 1), c => c.CallActivityAsync("A", 2) },
        {
            "another time",
            c => c.CreateTimer(TimeSpan.FromDays(1), default),
            c => c.CreateTimer(TimeSpan.FromDays(2), default)
        },
        { "an end for a wait", c => c.WaitForExternalEvent<string>("x"), _ => Task.CompletedTask },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Changed_code_fails_its_instance_loudly(
        string change, Func<TaskOrchestrationContext, Task> before, Func<TaskOrchestrationContext, Task> after)
    {
        var never = new TaskCompletionSource<object?>();
        await using var harness = new EngineHarness { Code = Code(before) };
        foreach (var activity in (string[])["A", "B"])
        {
            harness.Code.Activity(activity, (_, cancellation) => never.Task.WaitAsync(cancellation));
        }

        await harness.StartAsync();
        var id = await harness.ScheduleAsync("Changing");
        await harness.UntilAsync(id, instance => instance.IsRunning);
        await harness.StopAsync();
        harness.Code = Code(after);
        await harness.StartAsync();
        await harness.Client.RaiseEventAsync(id, "poke");

        var end = await harness.EndAsync(id);

        Assert.Equal(
            (change, typeof(NonDeterministicOrchestrationException).FullName), (change, end.FailureDetails!.ErrorType));
    }

    [Fact]
    public async Task Guid_of_its_own_in_an_input_is_found()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Activity("A").Orchestrator("Random", async context =>
            {
                await context.CallActivityAsync("A", Guid.NewGuid());
                return null;
            }),
        }.StartAsync();

        var end = await harness.RunAsync("Random");

        Assert.Equal(typeof(NonDeterministicOrchestrationException).FullName, end.FailureDetails!.ErrorType);
        Assert.Contains("activity 'A' as #0", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
    }

    public static TheoryData<string, Func<TaskOrchestrationContext, Task>> IllegalAwaits => new()
    {
        { "delay", _ => Task.Delay(1) },
        { "endless delay", _ => Task.Delay(Timeout.Infinite) },
        { "delay off the context", async _ => await Task.Delay(1).ConfigureAwait(false) },
        { "durable, but off the context", async c => await c.CallActivityAsync("A").ConfigureAwait(false) },
        { "thread pool", _ => Task.Run(() => Thread.Sleep(1)) },
        {
            "context off its thread",
            async context =>
            {
                await Task.Delay(1).ConfigureAwait(false);
                await context.CallActivityAsync("A");
            }
        },
        {
            "delay while an event is awaited",
            context =>
            {
                _ = context.WaitForExternalEvent<string>("never");
                return Task.Delay(1);
            }
        },
        {
            "delay off the context while an event is awaited",
            async context =>
            {
                _ = context.WaitForExternalEvent<string>("never");
                await Task.Delay(1).ConfigureAwait(false);
            }
        },
        {
            "delay while a timer is open",
            context =>
            {
                _ = context.CreateTimer(TimeSpan.FromDays(1), CancellationToken.None);
                return Task.Delay(1);
            }
        },
    };

    [Theory]
    [MemberData(nameof(IllegalAwaits))]
    public async Task Awaiting_what_is_not_durable_fails_the_instance(
        string what, Func<TaskOrchestrationContext, Task> illegal)
    {
        await using var harness = await new EngineHarness { Code = Code(illegal).Activity("A") }.StartAsync();

        var end = await harness.RunAsync("Changing");

        Assert.Equal((what, typeof(IllegalAwaitException).FullName), (what, end.FailureDetails!.ErrorType));
    }

    [Fact]
    public async Task Yielding_stays_on_the_orchestrators_thread_and_is_allowed()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Activity("A").Orchestrator("Yield", async context =>
            {
                await Task.Yield();
                var thread = Environment.CurrentManagedThreadId;
                var result = await context.CallActivityAsync<string>("A");
                await Task.Yield();
                return result + (thread == Environment.CurrentManagedThreadId);
            }),
        }.StartAsync();

        Assert.Equal("ATrue", (await harness.RunAsync("Yield")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Code_is_replaying_only_over_history()
    {
        var replaying = new List<string>();
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Activity("A").Orchestrator("Replay", async context =>
            {
                replaying.Add($"begin {context.IsReplaying}");
                await context.CallActivityAsync("A");
                replaying.Add($"end {context.IsReplaying}");
                return null;
            }),
        }.StartAsync();

        var end = await harness.RunAsync("Replay");

        Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
        Assert.Equal(["begin False", "begin True", "end False"], replaying);
    }

    private static ScriptedCode Code(Func<TaskOrchestrationContext, Task> first)
        => new ScriptedCode().Orchestrator("Changing", async context =>
        {
            await first(context);
            return null;
        });
}
