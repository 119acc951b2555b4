using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

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
