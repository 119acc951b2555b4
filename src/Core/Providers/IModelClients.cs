using Microsoft.Extensions.AI;

namespace Yggdrasil.Providers;

/// <summary>Where the loop gets its models from: the seam between runs and vendors.</summary>
public interface IModelClients
{
    /// <summary>Whether <paramref name="id"/> names a provider that is built in or configured.</summary>
    bool Knows(ModelId id);

    /// <summary>The names of all providers, built in and configured, for error messages.</summary>
    IReadOnlyCollection<string> ProviderNames { get; }

    /// <summary>
    /// A client that asks <paramref name="model"/> and, when that cannot answer, each of <paramref name="fallbacks"/> in
    /// order. Failures surface as <see cref="ProviderException"/> only. <see cref="ChatResponse.ModelId"/> of the answer
    /// is the <c>provider:model</c> that served it. The client is shared: do not dispose of it.
    /// </summary>
    IChatClient GetClient(ModelId model, IReadOnlyList<ModelId> fallbacks);
}
