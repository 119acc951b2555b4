using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Moq;
using Yggdrasil.Functions.Durable;
using Yggdrasil.LocalHost.Tests.Engine;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.LocalHost.Tests.Functions;

/// <summary>What counts as scheduled when the call for it fails.</summary>
public sealed class DurableRunSchedulerTests
{
    private static readonly RunReference Reference = new("dev!alice", "run_1");

    [Fact]
    public async Task Instance_that_has_not_ended_counts_as_scheduled()
    {
        await using var harness = await new EngineHarness { Code = Waits() }.StartAsync();
        await harness.ScheduleAsync(nameof(RunOrchestrator), Reference, "one");

        await new DurableRunScheduler(harness.Client).ScheduleAsync("one", Reference, CancellationToken.None);
        await new DurableRunScheduler(Unanswered(harness.Client)).ScheduleAsync("one", Reference, CancellationToken.None);

        Assert.False((await harness.Client.GetInstanceAsync("one"))!.IsCompleted);
    }

    [Fact]
    public async Task Instance_that_has_ended_or_is_not_there_does_not_hide_a_failed_call()
    {
        await using var harness = await new EngineHarness { Code = Waits() }.StartAsync();
        await harness.ScheduleAsync(nameof(RunOrchestrator), Reference, "ended");
        await harness.Client.RaiseEventAsync("ended", RunOrchestrator.WakeEvent);
        await harness.EndAsync("ended");
        var scheduler = new DurableRunScheduler(Unanswered(harness.Client));

        await Assert.ThrowsAsync<StorageNotAnsweringException>(() => scheduler.ScheduleAsync("ended", Reference, CancellationToken.None));
        await Assert.ThrowsAsync<StorageNotAnsweringException>(() => scheduler.ScheduleAsync("never", Reference, CancellationToken.None));
    }

    [Fact]
    public async Task Instance_that_has_ended_is_begun_anew()
    {
        await using var harness = await new EngineHarness { Code = Waits() }.StartAsync();
        await harness.ScheduleAsync(nameof(RunOrchestrator), Reference, "one");
        await harness.Client.RaiseEventAsync("one", RunOrchestrator.WakeEvent);
        await harness.EndAsync("one");

        await new DurableRunScheduler(harness.Client).ScheduleAsync("one", Reference, CancellationToken.None);

        Assert.False((await harness.Client.GetInstanceAsync("one"))!.IsCompleted);
    }

    /// <summary>An orchestrator that ends with its first wake-up.</summary>
    private static ScriptedCode Waits() => new ScriptedCode().Orchestrator(
        nameof(RunOrchestrator), async context => await context.WaitForExternalEvent<string?>(RunOrchestrator.WakeEvent));

    /// <summary>A client whose calls for a new instance fail before they arrive.</summary>
    private static DurableTaskClient Unanswered(DurableTaskClient inner)
    {
        var client = new Mock<DurableTaskClient>("unanswered") { CallBase = true };
        client
            .Setup(called => called.ScheduleNewOrchestrationInstanceAsync(
                It.IsAny<TaskName>(), It.IsAny<object?>(), It.IsAny<StartOrchestrationOptions?>(), It.IsAny<CancellationToken>()))
            .ThrowsAsync(new IOException("The backend does not answer."));
        client
            .Setup(called => called.GetInstancesAsync(It.IsAny<string>(), It.IsAny<bool>(), It.IsAny<CancellationToken>()))
            .Returns((string id, bool withData, CancellationToken cancelled) => inner.GetInstancesAsync(id, withData, cancelled));
        return client.Object;
    }
}
