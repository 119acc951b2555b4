using Microsoft.Extensions.Configuration;
using Yggdrasil.Models.Custom;

namespace Yggdrasil.Models.Configuration;

/// <summary>
/// The providers that are built in or mentioned in the settings, whether or not those are valid: a mistake in a
/// provider's settings must not hide the mistakes of the agents, nor make them look like ones that name no provider.
/// </summary>
internal sealed class NamedProviders(IConfiguration configuration, IEnumerable<ModelProviderRegistration> custom) : IModelProviders
{
    private readonly HashSet<string> _names = new(
        BuiltInProvider.All.Select(provider => provider.Name)
            .Concat(configuration.GetSection(ModelProvidersOptions.SectionName).GetChildren().Select(section => section.Key.ToLowerInvariant()))
            .Concat(custom.Select(provider => provider.Name)),
        StringComparer.OrdinalIgnoreCase);

    public IReadOnlyCollection<string> ProviderNames => _names;

    public bool Knows(ModelId id) => _names.Contains(id.Provider);
}
