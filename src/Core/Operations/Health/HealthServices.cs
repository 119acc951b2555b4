using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Operations.Health.Alerts;
using Yggdrasil.Operations.Health.Probes;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Operations.Health;

internal static class HealthServices
{
    public static void AddHealth(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<AlertOptions>(configuration, AlertOptions.Section, options => options.Problems());
        services.AddSingleton<AlertWebhook>();
        services.AddSingleton<AlertBook>();
        services.AddSingleton<IHealthProbe, StorageProbe>();
        services.AddSingleton<IHealthProbe, QueueProbe>();
        services.AddSingleton<IHealthProbe, SecretsProbe>();
        services.AddSingleton<IHealthProbe, CacheProbe>();
        if (configuration.GetSection($"{McpOptions.Section}:{nameof(McpOptions.Servers)}").GetChildren().Any())
        {
            services.AddSingleton<IHealthProbe, McpProbe>();
        }

        services.AddSingleton<ProviderProbes>();
        services.AddSingleton<HealthHistory>();
        services.AddSingleton<HealthState>();
        services.AddSingleton<Readiness>();
        services.AddOwn<HealthService>();
        services.AddOwn<HealthMonitor>();
    }
}
