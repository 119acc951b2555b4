using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.Runs;

namespace Yggdrasil.Functions.Durable;

/// <summary>Starts and wakes <see cref="RunOrchestrator"/> instances.</summary>
internal sealed class DurableRunScheduler(DurableTaskClient client) : IRunScheduler
{
    public async Task ScheduleAsync(string instanceId, RunTicket run, DateTimeOffset? startAt, CancellationToken cancellationToken)
    {
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                nameof(RunOrchestrator), run, new StartOrchestrationOptions(instanceId, startAt), cancellationToken);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // An instance that has not ended is refused, by exceptions that differ between versions of the client. What
            // counts is that it is there.
            if (await client.GetInstanceAsync(instanceId, cancellationToken) is null)
            {
                throw;
            }
        }
    }

    public Task WakeAsync(string instanceId, CancellationToken cancellationToken) =>
        client.RaiseEventAsync(instanceId, RunOrchestrator.WakeEvent, cancellation: cancellationToken);

    public async Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken)
    {
        if (await client.GetInstanceAsync(instanceId, cancellationToken) is not { } instance)
        {
            return true;
        }

        // One that has not ended cannot be purged, and says so by exceptions that differ between versions of the client.
        if (!instance.IsCompleted)
        {
            return false;
        }

        await client.PurgeInstanceAsync(instanceId, cancellationToken);
        return true;
    }
}
