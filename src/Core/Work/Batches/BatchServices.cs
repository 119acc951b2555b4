using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Store;
using Yggdrasil.Users;

namespace Yggdrasil.Work.Batches;

internal static class BatchServices
{
    public static void AddBatches(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<BatchOptions>(configuration, BatchOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<BatchOptions>>().Value);
        services.AddSingleton<BatchStore>();
        services.AddSingleton<BatchItemStore>();
        services.AddSingleton<BatchLedger>();
        services.AddSingleton<BatchItemRuns>();
        services.AddSingleton<BatchRecheck>();
        services.AddSingleton<BatchCancellation>();
        services.AddSingleton<BatchTurns>();
        services.AddSingleton<BatchRemoval>();
        services.AddSingleton<BatchExport>();
        services.AddSingleton<BatchAcceptance>();
        services.AddSingleton<INoticeDelivery, BatchItemDelivery>();
        services.AddSingleton(provider => new BatchDriver(
            provider.GetRequiredService<BatchStore>(),
            provider.GetRequiredService<BatchItemStore>(),
            provider.GetRequiredService<BatchLedger>(),
            provider.GetRequiredService<BatchItemRuns>(),
            provider.GetRequiredService<BatchRecheck>(),
            provider.GetRequiredService<BatchCancellation>(),
            provider.GetRequiredService<BatchTurns>(),
            provider.GetRequiredService<ActivityTurns>(),
            provider.GetRequiredService<DisabledUsers>(),
            provider.GetRequiredService<CallbackOutbox>(),
            provider.GetRequiredService<BatchOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<BatchDriver>>()));
        services.AddSingleton(provider => new BatchService(
            provider.GetRequiredService<BatchAcceptance>(),
            provider.GetRequiredService<BatchStore>(),
            provider.GetRequiredService<BatchItemStore>(),
            provider.GetRequiredService<BatchRemoval>(),
            provider.GetRequiredService<RunList>(),
            provider.GetRequiredService<TimeProvider>()));
    }
}
