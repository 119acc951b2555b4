using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

namespace Yggdrasil.Runs.Quotas;

/// <summary>Registers what runs use and may use.</summary>
internal static class QuotaServices
{
    public static void AddQuotas(this IServiceCollection services)
    {
        services.AddSingleton<ModelMeter>();
        services.AddSingleton<CallEstimator>();
        services.AddSingleton<QuotaLedger>();
        services.AddSingleton<QuotaCompanion>();
        services.AddSingleton<InlineQuotas>();
        services.AddOwn<UsageService>();
    }
}
