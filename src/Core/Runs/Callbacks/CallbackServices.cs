using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Runs.Callbacks;

internal static class CallbackServices
{
    public static void AddCallbacks(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<CallbackOptions>(configuration, CallbackOptions.Section, options => options.Problems());
        services.AddSettings<NotificationOptions>(configuration, NotificationOptions.Section, options => options.Problems().Concat(UnsignedChannels(options)));
        services.AddSingleton<CallbackStore>();
        services.AddSingleton<CallbackOutbox>();
        services.AddSingleton<CallbackRules>();
        services.AddSingleton<INoticeDelivery, RunCallback>();
        services.AddSingleton(provider => new CallbackHttp(
            EgressGuard.ForAnyPublicHost(
                provider.GetRequiredService<IOptions<HttpToolOptions>>().Value.AllowPrivateNetworks,
                provider.GetRequiredService<IHostResolver>(),
                provider.GetRequiredService<IOptions<CallbackOptions>>().Value.AllowedPorts,
                CallbackOptions.AllowedPortsName),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<GuardedHttp>>()));
        services.AddOwn<CallbackSecrets>();
        services.AddOwn<CallbackSender>();
        services.AddOwn<RunEndings>();
    }

    private static IEnumerable<string> UnsignedChannels(NotificationOptions options) =>
        from channel in options.Channels
        where channel.Value.Type is NotificationType.Webhook && !CallbackSecret.IsValid(channel.Value.Secret)
        select $"{NotificationOptions.Section}__Channels__{channel.Key}__Secret signs the messages of a Webhook. {CallbackSecret.Rule} (Its value is not shown.)";
}
