using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Identity;
using Yggdrasil.Limits;
using Yggdrasil.Models;
using Yggdrasil.Operations.ApiKeys;
using Yggdrasil.Operations.Errors;
using Yggdrasil.Operations.Health;
using Yggdrasil.Operations.Reprotection;
using Yggdrasil.Operations.Retention;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Protection;
using Yggdrasil.Redaction.Logging;
using Yggdrasil.Runs;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Telemetry;
using Yggdrasil.Tools.BuiltIn;
using Yggdrasil.Tools.Mcp;
using Yggdrasil.Users;
using Yggdrasil.Work.Batches;
using Yggdrasil.Work.Prompts;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Hosting;

/// <summary>The one registration of the product, used by every host.</summary>
public static class YggdrasilServices
{
    public static IServiceCollection AddYggdrasil(this IServiceCollection services, IConfiguration configuration)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogRedaction();
        services.AddSettings<CrossOriginOptions>(configuration, CrossOriginOptions.Section, options => options.Problems());
        services.AddSettings<ConsoleOptions>(configuration, ConsoleOptions.Section, options => options.Problems());
        services.AddSettings<McpAgentOptions>(configuration, McpAgentOptions.Section, options => options.Problems());
        services.AddCallers(configuration);
        services.AddProtection(configuration);
        services.AddStorage(configuration);
        services.AddTelemetry(configuration);
        services.AddLimits(configuration);
        services.AddUsers(configuration);
        services.AddModelProviders(configuration);
        services.AddPrices();
        services.AddResponseCache(configuration);
        services.AddSharedProviderStates();
        services.AddBuiltInTools(configuration);
        services.AddMcpTools(configuration);
        services.AddAgents(configuration);
        services.AddRuns(configuration);
        services.AddSchedules();
        services.AddPrompts(configuration);
        services.AddBatches(configuration);
        services.AddScheduler();
        services.AddRetention();
        services.AddUserData();
        services.AddApiKeyManagement();
        services.AddReprotection(configuration);
        services.AddHealth(configuration);
        services.AddErrorTracking();
        return services.AddSettingsAtStart();
    }

    private static void AddScheduler(this IServiceCollection services)
    {
        services.AddSingleton<IBatchScheduler, InvocationScheduler>();
        services.AddSingleton<IRunScheduler>(provider => provider.GetRequiredService<IBatchScheduler>());
    }
}
