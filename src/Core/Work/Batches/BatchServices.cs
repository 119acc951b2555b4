using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Endings;

namespace Yggdrasil.Work.Batches;

internal static class BatchServices
{
    public static void AddBatches(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<BatchOptions>(configuration, BatchOptions.Section, options => options.Problems());
        services.AddSingleton<BatchStore>();
        services.AddSingleton<BatchItemStore>();
        services.AddSingleton<BatchLedger>();
        services.AddSingleton<BatchItemRuns>();
        services.AddSingleton<BatchRecheck>();
        services.AddSingleton<BatchCancellation>();
        services.AddSingleton<BatchSlots>();
        services.AddSingleton<BatchRemoval>();
        services.AddSingleton<BatchAcceptance>();
        services.AddSingleton<INoticeDelivery, BatchItemDelivery>();
        services.AddOwn<BatchDriver>();
        services.AddOwn<BatchService>();
    }
}
