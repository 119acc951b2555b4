using Microsoft.Extensions.AI;

namespace Yggdrasil.Providers;

/// <summary>Where the loop gets its models from: the seam between runs and vendors.</summary>
public interface IModelClients : IModelProviders
{
    /// <summary>
    /// A client that asks <paramref name="model"/> and, when that cannot answer, each of <paramref name="fallbacks"/> in
    /// order. Failures surface as <see cref="ProviderException"/> only. <see cref="ChatResponse.ModelId"/> of the answer
    /// is the <c>provider:model</c> that served it. The client is shared: do not dispose of it.
    /// </summary>
    IChatClient GetClient(ModelId model, IReadOnlyList<ModelId> fallbacks);
}
