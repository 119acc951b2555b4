using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Protection;

/// <summary>Registers secrets, keys and the protection of content.</summary>
internal static class ProtectionServices
{
    public static void AddProtection(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<KeyVaultOptions>(configuration, KeyVaultOptions.Section, options => options.Problems());
        services.AddSettings<ProtectionOptions>(
            configuration, ProtectionOptions.Section, options => options.Problems(keyRequired: !SecretServices.HasVault(configuration)));
        services.AddOptions<ProtectionOptions>().Validate<IHostEnvironment>(
            (options, environment) => environment.IsDevelopment() || options.Key != ProtectionOptions.SampleKey,
            "Protection__Key is the sample's, which everybody knows: generate one (openssl rand -base64 32).");
        services.AddSecretSources(configuration);
        services.AddSingleton<MasterKeyRing>();
        services.AddSingleton<ContentProtector>();
    }
}
