using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.State;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Operations.Health.Probes;

/// <summary>The providers that this app uses: those that settings speak of, or that there is a key for.</summary>
/// <remarks>The others are built in and nobody's business; asking them would only tell the world that this app is there.</remarks>
internal sealed class ProviderProbes(
    IOptions<ModelProvidersOptions> options, IConfiguration configuration, ISecrets secrets, ModelClients clients, ProviderStates states,
    TimeProvider time)
{
    public IReadOnlyList<IHealthProbe> InUse() =>
    [
        .. from provider in options.Value.Providers.Values
           where IsUsed(provider)
           let models = clients.FindModels(provider.Name)
           where models is not null
           orderby provider.Name
           select new ProviderProbe(provider.Name, models, states, time),
    ];

    private bool IsUsed(ProviderOptions provider) =>
        configuration.GetSection($"{ModelProvidersOptions.SectionName}:{provider.Name}").GetChildren().Any()
        || (provider.TakesApiKey && secrets.Find(SecretName.ApiKey(provider.Name)) is { Length: > 0 });
}
