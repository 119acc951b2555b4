using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Operations.Health.Probes;

/// <summary>Tables and blobs, in which everything is kept.</summary>
internal sealed class StorageProbe(StorageClients storage) : IHealthProbe
{
    public string Name => "storage";

    public HealthStatus WhenFailing => HealthStatus.Unhealthy;

    public async Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        await table.GetEntityIfExistsAsync<TableEntity>("readiness", "readiness", cancellationToken: cancellationToken);
        var content = await storage.GetContentContainerAsync(cancellationToken);
        return await content.ExistsAsync(cancellationToken) ? ProbeOutcome.Good("Tables and blobs answer.") : ProbeOutcome.Bad("The container of contents is gone.");
    }
}
