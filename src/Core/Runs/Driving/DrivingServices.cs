using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Driving;

/// <summary>Registers what drives runs.</summary>
internal static class DrivingServices
{
    public static void AddDriving(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<RunOptions>(configuration, RunOptions.Section, options => options.Problems());
        services.AddSingleton<LeaseDriver>();
        services.AddSingleton(provider => new OverdueRuns(
            provider.GetRequiredService<RunStore>(), provider.GetRequiredService<RunEndings>, provider.GetRequiredService<Contention>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<StartRecovery>();
        services.AddSingleton<LostStarts>();
        services.AddHostedService(provider => provider.GetRequiredService<LostStarts>());
        services.AddSingleton<RunSignals>();
        services.AddSingleton<RunWakeUp>();
        services.AddOwn<RunBackups>();
        services.AddHostedService(provider => provider.GetRequiredService<RunBackups>());
        services.AddSingleton<RequestDrivenRuns>();
        services.AddHostedService(provider => provider.GetRequiredService<RequestDrivenRuns>());
        services.AddOwn<RunDriver>();
        services.AddOwn<RunSlices>();
    }
}
