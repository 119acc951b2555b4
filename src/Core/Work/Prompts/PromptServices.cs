using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Work.Prompts;

internal static class PromptServices
{
    public static void AddPrompts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<PromptOptions>(configuration, PromptOptions.Section, options => options.Problems());
        services.AddSingleton(provider => provider.GetRequiredService<IOptions<PromptOptions>>().Value);
        services.AddSingleton<PromptMetrics>();
        services.AddSingleton<Deferral>();
        services.AddSingleton<PoisonStore>();
        services.AddSingleton<INoticeDelivery, PromptResultDelivery>();
        services.AddSingleton(provider => new PromptQueues(provider.GetRequiredService<StorageClients>()));
        services.AddSingleton(provider => new PromptIntake(
            provider.GetRequiredService<RunService>(),
            provider.GetRequiredService<DisabledUsers>(),
            provider.GetRequiredService<PoisonStore>(),
            provider.GetRequiredService<PromptQueues>(),
            provider.GetRequiredService<Deferral>(),
            provider.GetRequiredService<PromptOptions>(),
            provider.GetRequiredService<PromptMetrics>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PromptIntake>>()));
        services.AddSingleton(provider => new PoisonService(
            provider.GetRequiredService<PoisonStore>(),
            provider.GetRequiredService<PromptQueues>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<PoisonService>>()));
    }
}
