using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Operations.Errors;
using Yggdrasil.Operations.Health.Alerts;
using Yggdrasil.Operations.Health.Probes;

namespace Yggdrasil.Operations.Health;

internal static class HealthServices
{
    public static void AddHealth(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<AlertOptions>(configuration, AlertOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<AlertOptions>>().Value);
        services.AddSingleton<AlertWebhook>();
        services.AddSingleton<AlertBook>();
        services.AddSingleton<IHealthProbe, StorageProbe>();
        services.AddSingleton<IHealthProbe, QueueProbe>();
        services.AddSingleton<IHealthProbe, SecretsProbe>();
        services.AddSingleton<IHealthProbe, CacheProbe>();
        services.AddSingleton<ProviderProbes>();
        services.AddSingleton<HealthHistory>();
        services.AddSingleton<HealthState>();
        services.AddSingleton(provider => new HealthService(
            provider.GetRequiredService<HealthState>(),
            provider.GetRequiredService<HealthHistory>(),
            provider.GetRequiredService<Readiness>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new HealthMonitor(
            provider.GetServices<IHealthProbe>(),
            provider.GetRequiredService<ProviderProbes>(),
            provider.GetRequiredService<HealthState>(),
            provider.GetRequiredService<HealthHistory>(),
            provider.GetRequiredService<AlertBook>(),
            provider.GetRequiredService<ErrorStore>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<HealthMonitor>>()));
    }
}
