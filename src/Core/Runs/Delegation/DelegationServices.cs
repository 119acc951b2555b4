using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Endings;

namespace Yggdrasil.Runs.Delegation;

internal static class DelegationServices
{
    public static void AddDelegation(this IServiceCollection services)
    {
        services.AddSingleton<INoticeDelivery, ParentNotice>();
        services.AddSingleton<INoticeDelivery, ChildrenNotice>();
        services.AddOwn<ChildRuns>();
    }
}
