using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Yggdrasil.Models.Clients;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Models.Tracing;

/// <summary>Traces and measures every model call. Within the response cache: an answer from there asks no model.</summary>
internal sealed class TracedModelClients(IModelClients inner, TelemetryOptions options, ILogger<TracedChatClient> logger) : IModelClients
{
    public IReadOnlyCollection<string> ProviderNames => inner.ProviderNames;

    public bool Knows(ModelId id) => inner.Knows(id);

    public IChatClient GetClient(ModelId model, IReadOnlyList<ModelId> fallbacks, ModelId? preferred = null) =>
        new TracedChatClient(inner.GetClient(model, fallbacks, preferred), preferred ?? model, options.IncludeContent, logger);
}
