using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Limits;

internal static class LimitServices
{
    public static void AddLimits(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<LimitOptions>(configuration, LimitOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<LimitOptions>>().Value);
        services.AddSettings<ActivityOptions>(configuration, ActivityOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ActivityOptions>>().Value);
        services.AddSettingsCheck(provider => provider.GetRequiredService<ActivityOptions>().RequireFit(
            HostActivities.Find(configuration, Path.Combine(AppContext.BaseDirectory, "host.json"))));
        services.AddSingleton<ActivityTurns>();
        services.AddSingleton<UserLimits>();
        services.AddSingleton<CallEstimator>();
        services.AddSingleton<QuotaLedger>();
        services.AddSingleton<QuotaCompanion>();
        services.AddSingleton<InlineQuotas>();
        services.AddSingleton(provider => new UsageService(
            provider.GetRequiredService<StorageClients>(),
            provider.GetRequiredService<QuotaLedger>(),
            provider.GetRequiredService<UserLimits>(),
            provider.GetRequiredService<TimeProvider>()));
    }
}
