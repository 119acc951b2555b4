using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Delegation;

internal static class DelegationServices
{
    public static void AddDelegation(this IServiceCollection services)
    {
        services.AddSingleton<INoticeDelivery, ParentNotice>();
        services.AddSingleton<INoticeDelivery, ChildrenNotice>();
        services.AddSingleton(provider => new ChildRuns(
            provider.GetRequiredService<RunService>(),
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<RunControl>(),
            provider.GetRequiredService<RunOptions>(),
            provider.GetRequiredService<TimeProvider>()));
    }
}
