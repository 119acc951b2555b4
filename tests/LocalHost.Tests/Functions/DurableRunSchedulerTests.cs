using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.Functions.Durable;
using Yggdrasil.LocalHost.Tests.Engine;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.LocalHost.Tests.Functions;

/// <summary>What counts as scheduled when the call for it fails.</summary>
public sealed class DurableRunSchedulerTests
{
    private static readonly RunTicket Ticket = new("dev!alice", "run_1");

    [Fact]
    public async Task Instance_that_has_not_ended_counts_as_scheduled()
    {
        await using var harness = await new EngineHarness { Code = Waits() }.StartAsync();
        await harness.ScheduleAsync(nameof(RunOrchestrator), Ticket, "one");

        await new DurableRunScheduler(harness.Client).ScheduleAsync("one", Ticket, startAt: null, CancellationToken.None);
        await new DurableRunScheduler(new Unanswered(harness.Client)).ScheduleAsync("one", Ticket, startAt: null, CancellationToken.None);

        Assert.False((await harness.Client.GetInstanceAsync("one"))!.IsCompleted);
    }

    [Fact]
    public async Task Instance_that_has_ended_or_is_not_there_does_not_hide_a_failed_call()
    {
        await using var harness = await new EngineHarness { Code = Waits() }.StartAsync();
        await harness.ScheduleAsync(nameof(RunOrchestrator), Ticket, "ended");
        await harness.Client.RaiseEventAsync("ended", RunOrchestrator.WakeEvent);
        await harness.EndAsync("ended");
        var scheduler = new DurableRunScheduler(new Unanswered(harness.Client));

        await Assert.ThrowsAsync<StorageNotAnsweringException>(() => scheduler.ScheduleAsync("ended", Ticket, startAt: null, CancellationToken.None));
        await Assert.ThrowsAsync<StorageNotAnsweringException>(() => scheduler.ScheduleAsync("never", Ticket, startAt: null, CancellationToken.None));
    }

    [Fact]
    public async Task Instance_that_has_ended_is_begun_anew()
    {
        await using var harness = await new EngineHarness { Code = Waits() }.StartAsync();
        await harness.ScheduleAsync(nameof(RunOrchestrator), Ticket, "one");
        await harness.Client.RaiseEventAsync("one", RunOrchestrator.WakeEvent);
        await harness.EndAsync("one");

        await new DurableRunScheduler(harness.Client).ScheduleAsync("one", Ticket, startAt: null, CancellationToken.None);

        Assert.False((await harness.Client.GetInstanceAsync("one"))!.IsCompleted);
    }

    /// <summary>An orchestrator that ends with its first wake-up.</summary>
    private static ScriptedCode Waits() => new ScriptedCode().Orchestrator(
        nameof(RunOrchestrator), async context => await context.WaitForExternalEvent<string?>(RunOrchestrator.WakeEvent));

    /// <summary>A client whose calls for a new instance fail before they arrive.</summary>
    private sealed class Unanswered(DurableTaskClient inner) : DurableTaskClient("unanswered")
    {
        public override Task<string> ScheduleNewOrchestrationInstanceAsync(
            TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default) =>
            throw new IOException("The backend does not answer.");

        public override Task RaiseEventAsync(
            string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default) =>
            inner.RaiseEventAsync(instanceId, eventName, eventPayload, cancellation);

        public override Task<OrchestrationMetadata?> GetInstancesAsync(
            string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
            inner.GetInstancesAsync(instanceId, getInputsAndOutputs, cancellation);

        public override Task<PurgeResult> PurgeInstanceAsync(
            string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default) =>
            inner.PurgeInstanceAsync(instanceId, options, cancellation);

        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
