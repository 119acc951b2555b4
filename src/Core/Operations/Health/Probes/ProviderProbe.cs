using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.State;

namespace Yggdrasil.Operations.Health.Probes;

/// <summary>One provider: its breaker, as calls have found it, and its list of models, which is free.</summary>
internal sealed class ProviderProbe(string provider, ModelsEndpoint models, ProviderStates states, TimeProvider time) : IHealthProbe
{
    public string Name => $"provider:{provider}";

    public HealthStatus WhenFailing => HealthStatus.Degraded;

    /// <summary>A little more than the list of models is waited for.</summary>
    public TimeSpan Patience => TimeSpan.FromSeconds(12);

    public async Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken)
    {
        if (states.Find(provider) is { Breaker: BreakerState.Open } state && state.Until > time.GetUtcNow())
        {
            return ProbeOutcome.Bad($"Its breaker has been open since {state.Since:u} ({state.Reason}).");
        }

        return await models.AnswersAsync(cancellationToken) ? ProbeOutcome.Good() : ProbeOutcome.Bad("Its list of models does not answer.");
    }
}
