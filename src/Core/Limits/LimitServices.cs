using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Limits.Fairness;

namespace Yggdrasil.Limits;

internal static class LimitServices
{
    public static void AddLimits(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<LimitOptions>(configuration, LimitOptions.Section, options => options.Problems());
        services.AddSettings<ActivityOptions>(configuration, ActivityOptions.Section, options => options.Problems());
        services.AddSettingsCheck(provider => provider.GetRequiredService<ActivityOptions>().RequireFit(
            HostActivities.Find(configuration, Path.Combine(AppContext.BaseDirectory, "host.json"))));
        services.AddSingleton<ActivitySlots>();
    }
}
