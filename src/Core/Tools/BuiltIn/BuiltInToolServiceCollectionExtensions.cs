using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tools.BuiltIn;

public static class BuiltInToolServiceCollectionExtensions
{
    /// <summary>Offers <c>calculator</c>, <c>clock</c>, <c>http_get</c> and <c>http_post</c>.</summary>
    /// <param name="services">Needs logging.</param>
    /// <param name="configuration">Section <c>Tools:Http</c> is bound to <see cref="HttpToolOptions"/>.</param>
    public static IServiceCollection AddBuiltInTools(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);

        services.AddSettings<HttpToolOptions>(configuration, HttpToolOptions.Section);
        services.AddSettingsCheck(() => configuration.GetSection("Tools").GetChildren()
            .Where(child => !child.Path.Equals(HttpToolOptions.Section, StringComparison.OrdinalIgnoreCase))
            .Select(child => SettingNames.Unknown("Tools", child.Key, ["Http"])));
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<HttpToolOptions>, HttpToolOptionsValidator>());

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IHostResolver, DnsHostResolver>();
        services.TryAddSingleton(CreateHttp);

        return services.AddAgentTools<CalculatorTool>().AddAgentTools<ClockTool>().AddAgentTools<HttpTools>();
    }

    private static GuardedHttp CreateHttp(IServiceProvider services)
    {
        var options = services.GetRequiredService<IOptions<HttpToolOptions>>().Value;
        var guard = new EgressGuard(
            options.AllowedHosts.Select(AllowedHost.Parse),
            "Tools__Http__AllowedHosts",
            options.AllowPrivateNetworks,
            services.GetRequiredService<IHostResolver>());
        return new GuardedHttp(
            guard, services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILogger<GuardedHttp>>());
    }
}
