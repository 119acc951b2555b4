using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Models.Cache;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Conversations;
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
    public static void AddRetention(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<RetentionOptions>(configuration, RetentionOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<RetentionOptions>>().Value);
        services.AddSingleton<DueStore>();
        services.AddSingleton<BlobSweep>();
        services.AddSingleton<ExpirySweep>();
        services.AddSingleton<RetentionCompanion>();
        services.AddSingleton<IRunCompanion>(provider => provider.GetRequiredService<RetentionCompanion>());
        services.AddSingleton(provider => new UserExport(
            provider.GetRequiredService<StorageClients>(),
            provider.GetRequiredService<AgentStore>(),
            provider.GetRequiredService<ConversationLog>(),
            provider.GetRequiredService<RunStore>(),
            provider.GetRequiredService<PoisonStore>(),
            provider.GetRequiredService<BatchExport>(),
            provider.GetRequiredService<ScheduleStore>(),
            provider.GetRequiredService<CallbackSecrets>()));
        services.AddSingleton(provider => new UserDataRemoval(
            provider.GetRequiredService<StorageClients>(),
            provider.GetRequiredService<AgentStore>(),
            provider.GetRequiredService<AgentShareStore>(),
            provider.GetRequiredService<RowRemoval>(),
            provider.GetRequiredService<RunRemoval>(),
            provider.GetRequiredService<PoisonStore>(),
            provider.GetRequiredService<BatchRemoval>(),
            provider.GetRequiredService<ApprovalIndex>(),
            provider.GetRequiredService<DueStore>(),
            provider.GetRequiredService<ScheduleCalendar>(),
            provider.GetRequiredService<ResponseCacheTable>(),
            provider.GetRequiredService<QuotaLedger>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<UserDataRemoval>>()));
        services.AddSingleton(provider => new RetentionSweep(
            provider.GetRequiredService<DueStore>(),
            provider.GetRequiredService<ExpirySweep>(),
            provider.GetRequiredService<RunRemoval>(),
            provider.GetRequiredService<ConversationStore>(),
            provider.GetRequiredService<ConversationRemoval>(),
            provider.GetRequiredService<BatchRemoval>(),
            provider.GetRequiredService<PoisonStore>(),
            provider.GetRequiredService<UserDataRemoval>(),
            provider.GetRequiredService<BlobSweep>(),
            provider.GetRequiredService<QuotaLedger>(),
            provider.GetRequiredService<StartRecovery>(),
            provider.GetRequiredService<RetentionOptions>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<RetentionSweep>>()));
    }
}
