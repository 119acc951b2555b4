using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.Runs;

namespace Yggdrasil.Functions.Durable;

/// <summary>Starts and wakes <see cref="RunOrchestrator"/> instances.</summary>
internal sealed class DurableRunScheduler(DurableTaskClient client) : IRunScheduler
{
    public async Task ScheduleAsync(string instanceId, RunTicket run, DateTimeOffset? startAt, CancellationToken cancellationToken) =>
        await client.ScheduleNewOrchestrationInstanceAsync(
            nameof(RunOrchestrator), run, new StartOrchestrationOptions(instanceId, startAt), cancellationToken);

    public Task WakeAsync(string instanceId, CancellationToken cancellationToken) =>
        client.RaiseEventAsync(instanceId, RunOrchestrator.WakeEvent, cancellation: cancellationToken);
}
