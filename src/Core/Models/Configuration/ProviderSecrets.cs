using Microsoft.Extensions.Options;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Models.Configuration;

/// <summary>The API keys of the configured providers.</summary>
internal sealed class ProviderSecrets(IOptions<ModelProvidersOptions> options) : IWantedSecrets
{
    public IEnumerable<SecretName> Names =>
        options.Value.Providers.Values.Where(provider => provider.TakesApiKey).Select(provider => SecretName.ApiKey(provider.Name));
}
