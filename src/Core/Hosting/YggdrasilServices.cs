using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Identity.Authentication;
using Yggdrasil.Limits;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models;
using Yggdrasil.Models.Cache;
using Yggdrasil.Models.Prices;
using Yggdrasil.Operations.Errors;
using Yggdrasil.Operations.Health;
using Yggdrasil.Operations.Reprotection;
using Yggdrasil.Operations.Retention;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Protection;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Redaction.Logging;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Telemetry;
using Yggdrasil.Tools;
using Yggdrasil.Tools.BuiltIn;
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
        services.AddSecrets(configuration);
        services.AddStorage(configuration);
        services.AddAuthentication(configuration);
        services.AddSettings<CrossOriginOptions>(configuration, CrossOriginOptions.Section, options => options.Problems());
        services.AddModelProviders(configuration);
        services.AddPrices();
        services.AddResponseCache(configuration);
        services.AddSharedProviderStates();
        services.AddBuiltInTools(configuration);
        services.AddAgents();
        services.AddConversations();
        services.AddLimits(configuration);
        services.AddRetention(configuration);
        services.AddNotifications(configuration);
        services.AddRuns(configuration);
        services.AddRunControl(configuration);
        services.AddDelegation();
        services.AddSchedules();
        services.AddPrompts(configuration);
        services.AddBatches(configuration);
        services.AddHealth(configuration);
        services.AddTelemetry(configuration);
        services.AddErrorTracking();
        return services.AddSettingsAtStart();
    }

    private static void AddSecrets(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<KeyVaultOptions>(configuration, KeyVaultOptions.Section, options => options.Problems());
        services.AddSettings<ProtectionOptions>(
            configuration, ProtectionOptions.Section, options => options.Problems(keyRequired: !SecretServices.HasVault(configuration)));
        services.AddOptions<ProtectionOptions>().Validate<IHostEnvironment>(
            (options, environment) => environment.IsDevelopment() || options.Key != ProtectionOptions.SampleKey,
            "Protection__Key is the sample's, which everybody knows: generate one (openssl rand -base64 32).");
        services.AddSecretSources(configuration);
        services.AddSingleton<MasterKeyRing>();
    }

    private static void AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettingsCheck(() => StorageSettings.Problems(configuration));
        services.TryAddSingleton(provider => new StorageClients(provider.GetRequiredService<IConfiguration>()));
        services.AddSingleton<UnknownValues>();
        services.AddSingleton<ContentProtector>();
        services.AddSingleton<ContentVault>();
        services.AddSingleton<RowRemoval>();
        services.AddReprotection(configuration);
        services.AddSingleton<Readiness>();
    }

    private static void AddReprotection(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ReprotectionOptions>(configuration, ReprotectionOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ReprotectionOptions>>().Value);
        services.AddSingleton<ContentReprotection>();
    }

    private static void AddAuthentication(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<AuthOptions>(configuration, AuthOptions.Section);
        services.AddSingleton<IValidateOptions<AuthOptions>, AuthOptionsValidator>();
        services.AddSingleton<IssuerMetadata>();
        services.AddSingleton<IAuthentication>(provider =>
            provider.GetRequiredService<IOptions<AuthOptions>>().Value.Mode == AuthOptions.DevelopmentMode
                ? ActivatorUtilities.CreateInstance<DevelopmentAuthentication>(provider)
                : ActivatorUtilities.CreateInstance<JwtAuthentication>(provider));
        services.AddSingleton<UserStore>();
        services.AddSingleton<KnownUsers>();
        services.AddSingleton(provider => new DisabledUsers(
            provider.GetRequiredService<IOptions<AuthOptions>>(), provider.GetRequiredService<KnownUsers>()));
        services.AddSingleton(provider => new UserService(
            provider.GetRequiredService<UserStore>(),
            provider.GetRequiredService<KnownUsers>(),
            provider.GetRequiredService<ActivityTurns>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<UserService>>()));
    }

    private static void AddPrices(this IServiceCollection services)
    {
        services.AddSingleton<ModelPrices>();
        services.AddSingleton<ModelMeter>();
        services.AddSettingsCheck(provider => provider.GetRequiredService<ModelPrices>());
    }

    private static void AddResponseCache(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<CacheOptions>(configuration, CacheOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<CacheOptions>>().Value);
        services.AddSingleton<ResponseCacheTable>();
        services.AddSingleton<ResponseCache>();
    }

    private static void AddAgents(this IServiceCollection services)
    {
        services.AddSingleton<AgentValidator>();
        services.AddSingleton<ConfiguredAgents>();
        services.AddSingleton<AgentStore>();
        services.AddSingleton<AgentShareStore>();
        services.AddSingleton(provider => new AgentService(
            provider.GetRequiredService<AgentStore>(),
            provider.GetRequiredService<AgentShareStore>(),
            provider.GetRequiredService<ConfiguredAgents>(),
            provider.GetRequiredService<AgentValidator>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new AgentSharing(
            provider.GetRequiredService<AgentService>(), provider.GetRequiredService<AgentShareStore>()));
        services.AddSettingsCheck(provider => provider.GetRequiredService<ConfiguredAgents>());
    }

    private static void AddRunControl(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ApprovalOptions>(configuration, ApprovalOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<ApprovalOptions>>().Value);
        services.AddSingleton<ApprovalIndex>();
        services.AddSingleton<IApprovalIndex>(provider => provider.GetRequiredService<ApprovalIndex>());
        services.AddSingleton<ApprovalRequests>();
        services.AddSingleton(provider => new RunControl(
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<RunRemoval>(),
            provider.GetRequiredService<RunWakeUp>(),
            provider.GetRequiredService<OverdueRuns>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new ApprovalService(
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<ApprovalIndex>(),
            provider.GetRequiredService<ToolGates>(),
            provider.GetRequiredService<RunWakeUp>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<ApprovalService>>()));
    }

    private static IServiceCollection AddRuns(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<RunOptions>(configuration, RunOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<RunOptions>>().Value);
        services.AddSingleton<ToolGates>();
        services.AddSingleton<ToolExecutor>();
        services.AddSingleton<ToolStep>();
        services.AddSingleton<ModelStep>();
        services.AddSingleton<AnswerRecord>();
        services.AddSingleton<AgentLoop>();
        services.AddSingleton<LeaseDriver>();
        services.AddSingleton<RunStore>();
        services.AddSingleton(provider => new OverdueRuns(
            provider.GetRequiredService<RunStore>(), provider.GetRequiredService<RunEndings>, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<StartRecovery>();
        services.AddSingleton<LostStarts>();
        services.AddHostedService(provider => provider.GetRequiredService<LostStarts>());
        services.AddSingleton<RunList>();
        services.AddSingleton<RunSignals>();
        services.AddSingleton<RunWakeUp>();
        services.AddSingleton<RunRemoval>();
        services.AddRunEvents();
        services.AddSingleton<RequestDrivenRuns>();
        services.AddHostedService(provider => provider.GetRequiredService<RequestDrivenRuns>());
        services.AddSingleton(provider => new RunDriver(
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<ConversationTurns>(),
            provider.GetRequiredService<LeaseDriver>(),
            provider.GetRequiredService<ToolStep>(),
            provider.GetRequiredService<RunSignals>(),
            provider.GetRequiredService<DisabledUsers>(),
            provider.GetRequiredService<RunOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RunDriver>>()));
        services.AddSingleton(provider => new RunSlices(
            provider.GetRequiredService<RunDriver>(),
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<ActivityTurns>(),
            provider.GetRequiredService<DisabledUsers>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new InlineRuns(
            provider.GetRequiredService<AgentService>(),
            provider.GetRequiredService<AgentLoop>(),
            provider.GetRequiredService<InlineQuotas>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<InlineRuns>>()));
        services.AddSingleton(provider => new RunForking(
            provider.GetRequiredService<RunService>(),
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<ConversationTurns>(),
            provider.GetRequiredService<AgentService>(),
            provider.GetRequiredService<TimeProvider>()));
        return services.AddSingleton(provider => new RunService(
            provider.GetRequiredService<AgentService>(),
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<RunList>(),
            provider.GetRequiredService<ConversationTurns>(),
            provider.GetRequiredService<CallbackRules>(),
            provider.GetRequiredService<QuotaCompanion>(),
            provider.GetRequiredService<RequestDrivenRuns>(),
            provider.GetRequiredService<RunWakeUp>(),
            provider.GetRequiredService<StartRecovery>(),
            provider.GetRequiredService<OverdueRuns>(),
            provider.GetRequiredService<RunOptions>(),
            provider.GetRequiredService<TimeProvider>()));
    }

    private static void AddRunEvents(this IServiceCollection services)
    {
        services.AddSingleton<DeltaLog>();
        services.AddSingleton<RunStreams>();
        services.AddSingleton<RunFeeds>();
        services.AddSingleton<EventTickets>();
        services.AddSingleton<EventReaders>();
        services.AddSingleton(provider => new RunEvents(
            provider.GetRequiredService<RunFeeds>(),
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<EventReaders>(),
            provider.GetRequiredService<TimeProvider>()));
    }
}
