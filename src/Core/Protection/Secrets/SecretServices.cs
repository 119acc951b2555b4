using Azure.Core;
using Azure.Security.KeyVault.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Yggdrasil.Protection.Secrets;

/// <summary>Chooses where secrets come from: a vault where <c>KeyVault__Uri</c> names one, else the settings alone.</summary>
internal static class SecretServices
{
    public static bool HasVault(IConfiguration configuration) =>
        !string.IsNullOrEmpty(configuration[$"{KeyVaultOptions.Section}:{nameof(KeyVaultOptions.Uri)}"]);

    /// <summary>Registers <see cref="ISecrets"/>. A registered <c>TokenCredential</c> and <c>SecretClientOptions</c> are used.</summary>
    public static void AddSecretSources(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(new SettingSecrets(configuration));
        if (!HasVault(configuration))
        {
            services.AddSingleton<ISecrets>(provider => provider.GetRequiredService<SettingSecrets>());
            return;
        }

        services.AddSingleton(CreateVaultSecrets);
        services.AddSingleton<ISecrets>(provider => provider.GetRequiredService<VaultSecrets>());
        services.AddHostedService(provider => new VaultRefresh(
            provider.GetRequiredService<VaultSecrets>(),
            provider.GetRequiredService<IOptions<KeyVaultOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<VaultRefresh>>()));
    }

    private static VaultSecrets CreateVaultSecrets(IServiceProvider provider)
    {
        var client = VaultClient.Create(
            provider.GetRequiredService<IOptions<KeyVaultOptions>>().Value,
            provider.GetService<TokenCredential>(),
            provider.GetService<SecretClientOptions>());
        return new VaultSecrets(
            provider.GetRequiredService<SettingSecrets>(),
            new VaultReader(client),
            [.. provider.GetServices<IWantedSecrets>().SelectMany(wanted => wanted.Names)],
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<VaultSecrets>>());
    }
}
