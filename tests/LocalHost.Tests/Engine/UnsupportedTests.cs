using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Tests.Engine;

/// <summary>What the genuine SDK offers and this engine does not is refused by name, never ignored.</summary>
public sealed class UnsupportedTests
{
    public static TheoryData<string, Func<TaskOrchestrationContext, Task>> Requests => new()
    {
        { "CallSubOrchestratorAsync", context => context.CallSubOrchestratorAsync("Other") },
        { "SendEvent", context => { context.SendEvent("other", "wake", "now"); return Task.CompletedTask; } },
        { "SetCustomStatus", context => { context.SetCustomStatus("busy"); return Task.CompletedTask; } },
        { "TaskOptions.Tags", context => context.CallActivityAsync("Echo", new TaskOptions(tags: new Dictionary<string, string> { ["a"] = "b" })) },
        { "TaskOptions.Version", context => context.CallActivityAsync("Echo", new TaskOptions() { Version = new TaskVersion("2") }) },
        { "TaskOptions.FromRetryHandler", context => context.CallActivityAsync("Echo", TaskOptions.FromRetryHandler(_ => false)) },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public async Task Orchestrator_that_asks_for_more_than_the_engine_has_fails(string member, Func<TaskOrchestrationContext, Task> request)
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Echo", (input, _) => Task.FromResult<object?>(input))
                .Orchestrator("Asks", async context =>
                {
                    await request(context);
                    return null;
                }),
        }.StartAsync();

        var instance = await harness.EndAsync(await harness.ScheduleAsync("Asks"));

        Assert.Equal(OrchestrationRuntimeStatus.Failed, instance.RuntimeStatus);
        Assert.Equal($"{member} is not supported by LocalHost's engine.", instance.FailureDetails!.ErrorMessage);
    }

    [Fact]
    public async Task Client_refuses_options_and_calls_that_the_engine_lacks()
    {
        await using var harness = await new EngineHarness { Code = new ScriptedCode() }.StartAsync();
        StartOrchestrationOptions[] options =
        [
            new() { Version = new TaskVersion("2") },
            new() { Tags = new Dictionary<string, string> { ["a"] = "b" } },
        ];

        foreach (var option in options)
        {
            await Assert.ThrowsAsync<NotSupportedException>(() => harness.Client.ScheduleNewOrchestrationInstanceAsync("Asks", option));
        }

        await Assert.ThrowsAsync<NotSupportedException>(() => harness.Client.SuspendInstanceAsync("one"));
        await Assert.ThrowsAsync<NotSupportedException>(() => harness.Client.ResumeInstanceAsync("one"));
        await Assert.ThrowsAsync<NotSupportedException>(() => harness.Client.WaitForInstanceStartAsync("one"));
        await Assert.ThrowsAsync<NotSupportedException>(() => harness.Client.WaitForInstanceCompletionAsync("one"));
        Assert.Throws<NotSupportedException>(() => harness.Client.GetAllInstancesAsync());
    }
}
