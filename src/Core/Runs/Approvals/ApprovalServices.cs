using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.Runs.Approvals;

/// <summary>Registers the approval of tool calls.</summary>
internal static class ApprovalServices
{
    public static void AddApprovals(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ApprovalOptions>(configuration, ApprovalOptions.Section, options => options.Problems());
        services.AddSingleton<ApprovalIndex>();
        services.AddSingleton<IApprovalIndex>(provider => new NotifyingApprovalIndex(
            provider.GetRequiredService<ApprovalIndex>(), provider.GetRequiredService<CallbackOutbox>(), provider.GetRequiredService<NotificationOptions>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ApprovalRequests>();
        services.AddOwn<ApprovalService>();
    }
}
