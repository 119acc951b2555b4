using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Functions.Durable;

/// <summary>
/// Starts and wakes <see cref="RunOrchestrator"/> and <see cref="BatchOrchestrator"/> instances, and starts
/// <see cref="CallbackOrchestrator"/> ones.
/// </summary>
internal sealed class DurableRunScheduler(DurableTaskClient client) : IBatchScheduler
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    public Task ScheduleAsync(BatchReference batch, CancellationToken cancellationToken) => ScheduleAsync(
        nameof(BatchOrchestrator), batch, new StartOrchestrationOptions(Ids.BatchDriver(batch.BatchId, batch.Round)), cancellationToken);

    public Task ScheduleAsync(string instanceId, RunReference run, CancellationToken cancellationToken) =>
        ScheduleAsync(nameof(RunOrchestrator), run, new StartOrchestrationOptions(instanceId), cancellationToken);

    public Task ScheduleCallbackAsync(CallbackReference callback, CancellationToken cancellationToken) =>
        ScheduleAsync(nameof(CallbackOrchestrator), callback, new StartOrchestrationOptions(callback.MessageId), cancellationToken);

    private async Task ScheduleAsync(string orchestrator, object input, StartOrchestrationOptions options, CancellationToken cancellationToken)
    {
        using var patience = StoragePatience.Link(cancellationToken);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(orchestrator, input, options, patience.Token);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            // An instance that has not ended is refused, by exceptions that differ between versions of the client. What
            // counts is that it is there; one that has ended drives nothing any more.
            if (!await IsThereAsync(options.InstanceId!, patience.Token, cancellationToken))
            {
                throw new StorageNotAnsweringException("The orchestrations' backend does not answer; nothing was started.", Retry, failure);
            }
        }
    }

    private async Task<bool> IsThereAsync(string instanceId, CancellationToken patience, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetInstanceAsync(instanceId, patience) is { IsCompleted: false };
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // The first failure says more.
            return false;
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
