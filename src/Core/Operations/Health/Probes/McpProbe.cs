using Yggdrasil.Tools.Mcp;
using Yggdrasil.Tools.Mcp.Pinning;

namespace Yggdrasil.Operations.Health.Probes;

/// <summary>The MCP servers: what calls of this instance have met, and whether an approved tool has changed. No server is asked.</summary>
internal sealed class McpProbe(McpTools mcp) : IHealthProbe
{
    public string Name => "mcp";

    public HealthStatus WhenFailing => HealthStatus.Degraded;

    public async Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken)
    {
        List<string> faults = [];
        var count = 0;
        foreach (var server in mcp.Servers)
        {
            count++;
            var view = await server.LoadAsync(cancellationToken);
            var changed = view.Rows.Count(row => row.Status == McpToolStatus.Changed);
            if (server.Breaker.IsOpen || server.Error is not null)
            {
                faults.Add($"{server.Options.Name} does not answer");
            }

            if (changed > 0)
            {
                faults.Add($"{server.Options.Name} changed {changed} approved tools, which are in quarantine");
            }
        }

        return faults.Count == 0 ? ProbeOutcome.Good($"{count} servers are configured.") : ProbeOutcome.Bad($"{string.Join("; ", faults)}.");
    }
}
