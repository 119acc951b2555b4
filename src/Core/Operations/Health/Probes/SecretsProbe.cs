using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Operations.Health.Probes;

/// <summary>The vault, or the settings that stand for it, and the key that protects content.</summary>
internal sealed class SecretsProbe(ISecrets secrets, MasterKeyRing keys) : IHealthProbe
{
    public string Name => "secrets";

    public HealthStatus WhenFailing => HealthStatus.Unhealthy;

    public Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken) => Task.FromResult((secrets.State, keys.HasCurrent) switch
    {
        (SecretsState.Loading, _) => ProbeOutcome.Bad("They are being loaded."),
        (_, false) => ProbeOutcome.Bad("There is no key that protects content."),
        (SecretsState.Stale, _) => ProbeOutcome.Bad("The vault does not answer; its last good values are in use."),
        _ => ProbeOutcome.Good("They are loaded."),
    });
}
