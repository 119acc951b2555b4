namespace Yggdrasil.Operations.Health.Probes;

/// <summary>The orchestration backend, by an orchestration that does nothing. Its queues may take some seconds to wake up.</summary>
internal sealed class OrchestrationProbe(IOrchestrationCanary canary) : IHealthProbe
{
    public string Name => "orchestration";

    public HealthStatus WhenFailing => HealthStatus.Unhealthy;

    public TimeSpan Patience => TimeSpan.FromSeconds(25);

    public async Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken)
    {
        await canary.RunAsync(cancellationToken);
        return ProbeOutcome.Good("A canary orchestration came to its end.");
    }
}
