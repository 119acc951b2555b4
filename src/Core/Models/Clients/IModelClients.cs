using Microsoft.Extensions.AI;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Clients;

/// <summary>Where the loop gets its models from: the seam between runs and vendors.</summary>
public interface IModelClients : IModelProviders
{
    /// <summary>
    /// A client that asks <paramref name="model"/> and, when that cannot answer, each of <paramref name="fallbacks"/> in
    /// order. Failures surface as <see cref="ProviderException"/> only. <see cref="ChatResponse.ModelId"/> of the answer
    /// is the <c>provider:model</c> that served it. A stream may contain a <see cref="ModelRestart"/>. The client is shared: do
    /// not dispose of it.
    /// </summary>
    /// <param name="preferred">Asked before all others, if it is one of them: a run stays with the model that served its
    /// last turn. When it fails, the others follow in their order.</param>
    IChatClient GetClient(ModelId model, IReadOnlyList<ModelId> fallbacks, ModelId? preferred = null);
}
