using Microsoft.Extensions.DependencyInjection;

namespace Yggdrasil.Runs.Store;

/// <summary>Registers the rows of runs.</summary>
internal static class StoreServices
{
    public static void AddRunStore(this IServiceCollection services)
    {
        services.AddSingleton<RunStore>();
        services.AddSingleton<RunList>();
        services.AddSingleton<RunRemoval>();
        services.AddSingleton<RetentionCompanion>();
        services.AddSingleton<IRunCompanion>(provider => provider.GetRequiredService<RetentionCompanion>());
    }
}
