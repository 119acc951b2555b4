using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Yggdrasil.Security.Secrets;

namespace Yggdrasil.Providers;

public static class ModelProvidersRegistration
{
    /// <summary>Registers <see cref="IModelClients"/> and its settings, <c>Providers__name__…</c>, validated at start.</summary>
    /// <remarks>Azure without a key uses a registered <c>TokenCredential</c>, or else <c>DefaultAzureCredential</c>. API keys come
    /// from the registered <see cref="ISecrets"/>, or else from the settings alone.</remarks>
    public static IServiceCollection AddModelProviders(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ModelProvidersOptions>()
            .Configure(options => new ProviderSettingsReader(
                options, hasVault: SecretServices.HasVault(configuration)).Read(
                configuration.GetSection(ModelProvidersOptions.SectionName)))
            .ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<ModelProvidersOptions>, ModelProvidersOptions.Validator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<ISecrets>(new SettingSecrets(configuration));
        services.TryAddSingleton<IModelProviders>(_ => new NamedProviders(configuration));
        services.TryAddSingleton<IModelClients, ModelClients>();
        return services;
    }
}
