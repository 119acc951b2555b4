namespace Yggdrasil.Models.Configuration;

/// <summary>Which providers there are.</summary>
public interface IModelProviders
{
    /// <summary>Whether <paramref name="id"/> names a provider that is built in or configured.</summary>
    bool Knows(ModelId id);

    /// <summary>The names of all providers, built in and configured, for error messages.</summary>
    IReadOnlyCollection<string> ProviderNames { get; }
}
