using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs;

/// <summary>Registers all that has to do with one run.</summary>
internal static class RunServices
{
    public static void AddRuns(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddRunStore();
        services.AddQuotas();
        services.AddConversations();
        services.AddLoop();
        services.AddDriving(configuration);
        services.AddRunRequests();
        services.AddApprovals(configuration);
        services.AddClientTools(configuration);
        services.AddDelegation();
        services.AddRunEvents();
        services.AddCallbacks(configuration);
    }
}
