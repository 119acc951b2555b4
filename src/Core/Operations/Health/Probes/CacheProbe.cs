using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Operations.Health.Probes;

/// <summary>The second level of the response cache. Without it models are asked.</summary>
internal sealed class CacheProbe(StorageClients storage) : IHealthProbe
{
    public string Name => "cache";

    public HealthStatus WhenFailing => HealthStatus.Degraded;

    public async Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken)
    {
        var table = await storage.GetCacheTableAsync(cancellationToken);
        await table.GetEntityIfExistsAsync<TableEntity>("readiness", "readiness", cancellationToken: cancellationToken);
        return ProbeOutcome.Good();
    }
}
