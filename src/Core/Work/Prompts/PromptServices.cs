using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation;
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
        services.AddSingleton<PromptMetrics>();
        services.AddSingleton<Deferral>();
        services.AddSingleton<PoisonStore>();
        services.AddSingleton<INoticeDelivery, PromptResultDelivery>();
        services.AddOwn<PromptQueues>();
        services.AddOwn<PromptIntake>();
        services.AddOwn<PoisonService>();
    }
}
