using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.Foundation;
using Yggdrasil.Operations.Health.Probes;

namespace Yggdrasil.Functions.Durable;

/// <summary>Has <see cref="CanaryOrchestrator"/> run once.</summary>
internal sealed class OrchestrationCanary(DurableTaskClient client) : IOrchestrationCanary
{
    /// <summary>One instance for all times, so that nothing is left to be purged; one that has ended is begun anew.</summary>
    private const string InstanceId = "canary";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // An instance that has not ended is refused by an exception: the last canary never came back.
        var token = Ids.NewUnique();
        await client.ScheduleNewOrchestrationInstanceAsync(
            nameof(CanaryOrchestrator), token, new StartOrchestrationOptions(InstanceId), cancellationToken);
        while (!await HasReturnedAsync(token, cancellationToken))
        {
            await Task.Delay(Pause, cancellationToken);
        }
    }

    private async Task<bool> HasReturnedAsync(string token, CancellationToken cancellationToken)
    {
        // What is read may still be the one before.
        var instance = await client.GetInstanceAsync(InstanceId, getInputsAndOutputs: true, cancellationToken);
        if (instance is not { IsCompleted: true } || instance.ReadInputAs<string>() != token)
        {
            return false;
        }

        return instance.RuntimeStatus == OrchestrationRuntimeStatus.Completed
            ? instance.ReadOutputAs<string>() == token
            : throw new InvalidOperationException($"The canary orchestration ended as {instance.RuntimeStatus}.");
    }
}
