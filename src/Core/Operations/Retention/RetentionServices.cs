using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Work.Batches;
using Yggdrasil.Work.Prompts;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Operations.Retention;

internal static class RetentionServices
{
    public static void AddRetention(this IServiceCollection services)
    {
        services.AddSingleton<BlobSweep>();
        services.AddSingleton<ExpirySweep>();
        services.AddOwn<RetentionSweep>();
    }
}
