using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Endings;

namespace Yggdrasil.Work.Prompts;

internal static class PromptServices
{
    public static void AddPrompts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<PromptOptions>(configuration, PromptOptions.Section, options => options.Problems());
        services.AddSingleton<PromptMetrics>();
        services.AddSingleton<Deferral>();
        services.AddSingleton<PoisonStore>();
        services.AddSingleton<INoticeDelivery, PromptResultDelivery>();
        services.AddOwn<PromptQueues>();
        services.AddOwn<PromptIntake>();
        services.AddOwn<PoisonService>();
    }
}
