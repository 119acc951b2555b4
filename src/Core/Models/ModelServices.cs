using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Models.Cache;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Custom;
using Yggdrasil.Models.Prices;
using Yggdrasil.Models.State;
using Yggdrasil.Models.Tracing;
using Yggdrasil.Models.Transport;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Models;

public static class ModelServices
{
    /// <summary>Registers <see cref="IModelClients"/> and its settings, <c>Providers__name__…</c>, validated at start.</summary>
    /// <remarks>Azure without a key uses a registered <c>TokenCredential</c>, or else <c>DefaultAzureCredential</c>. API keys come
    /// from the registered <see cref="ISecrets"/>, or else from the settings alone.</remarks>
    public static IServiceCollection AddModelProviders(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ModelProvidersOptions>()
            .Configure<IEnumerable<ModelProviderRegistration>>((options, custom) => new ProviderSettingsReader(
                options, hasVault: SecretServices.HasVault(configuration), [.. custom.Select(provider => provider.Name)]).Read(
                configuration.GetSection(ModelProvidersOptions.SectionName)))
            .ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ModelProvidersOptions>, ModelProvidersOptions.Validator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ISecrets>(new SettingSecrets(configuration));
        services.TryAddSingleton<IModelProviders>(provider => new NamedProviders(configuration, provider.GetServices<ModelProviderRegistration>()));
        services.AddSingleton<IWantedSecrets, ProviderSecrets>();
        services.AddLogging();
        services.AddMetrics();
        services.TryAddSingleton<ProviderMetrics>();
        services.TryAddSingleton<FallbackTelemetry>();
        services.TryAddSingleton<ProviderStates>();
        services.TryAddSingleton<ProviderBreakers>();
        services.TryAddSingleton<ModelClients>();
        services.TryAddSingleton<IModelClients>(provider => new TracedModelClients(
            provider.GetRequiredService<ModelClients>(),
            provider.GetService<TelemetryOptions>() ?? new TelemetryOptions(),
            provider.GetRequiredService<ILogger<TracedChatClient>>()));
        services.AddHostedService<BreakerMetrics>();
        return services;
    }

    /// <summary>Has all instances that share a storage account know of each other's open breakers.</summary>
    internal static IServiceCollection AddSharedProviderStates(this IServiceCollection services)
    {
        services.AddSingleton<ProviderStateStore>();
        services.AddHostedService<ProviderStateSync>();
        return services.AddOwn<ProviderProbing>();
    }

    /// <summary>Registers what model calls cost.</summary>
    internal static void AddPrices(this IServiceCollection services)
    {
        services.AddSingleton<ModelPrices>();
        services.AddSettingsCheck(provider => provider.GetRequiredService<ModelPrices>());
    }

    /// <summary>Registers the cache of answers.</summary>
    internal static void AddResponseCache(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<CacheOptions>(configuration, CacheOptions.Section, options => options.Problems());
        services.AddSingleton<ResponseCacheTable>();
        services.AddSingleton<ResponseCache>();
    }
}
