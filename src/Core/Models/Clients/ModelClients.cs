using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Custom;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.State;
using Yggdrasil.Models.Transport;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Models.Clients;

/// <summary>The clients of all models. One instance per process: providers' pools, limits and breakers live in it.</summary>
internal sealed class ModelClients : IModelClients, IDisposable
{
    // Callers name models freely, so the cache must not grow with what they think of. Clients are cheap to make again;
    // what is dear about them, connections and breakers, belongs to the provider.
    private const int MaxCachedClients = 1024;

    private readonly MemoryCache _clients = new(new MemoryCacheOptions { SizeLimit = MaxCachedClients });
    private readonly FallbackTelemetry _telemetry;
    private readonly Dictionary<string, Lazy<ModelProvider>> _providers = new(StringComparer.OrdinalIgnoreCase);

    public ModelClients(
        IOptions<ModelProvidersOptions> options,
        ISecrets secrets,
        ProviderBreakers breakers,
        ProviderMetrics metrics,
        FallbackTelemetry telemetry,
        TimeProvider time,
        ILogger<CredentialAlert> alerts,
        IServiceProvider services)
    {
        _telemetry = telemetry;
        // Only Azure without a key needs an identity; looking for one takes seconds on a machine that has none.
        var credential = new Lazy<TokenCredential>(
            () => services.GetService<TokenCredential>() ?? new DefaultAzureCredential());
        var custom = services.GetServices<ModelProviderRegistration>().ToDictionary(registration => registration.Name);
        foreach (var (name, provider) in options.Value.Providers)
        {
            var registration = custom.GetValueOrDefault(provider.Name);
            _providers[name] = new Lazy<ModelProvider>(() => new ModelProvider(
                provider, secrets, breakers.Of(provider), metrics, time, () => credential.Value,
                services.GetService<ActivityOptions>() ?? new ActivityOptions(), services.GetRequiredService<ILogger<FairQueue>>(), alerts,
                new CustomModels(services, registration?.Create, [.. services.GetServices<ChatConfiguration>()])));
        }

        ProviderNames = [.. options.Value.Providers.Values.Select(provider => provider.Name).Order(StringComparer.Ordinal)];
    }

    public IReadOnlyCollection<string> ProviderNames { get; }

    public bool Knows(ModelId id) => _providers.ContainsKey(id.Provider);

    /// <summary>What concerns all providers of a call; what each does is <see cref="ModelProvider.Wrap"/>.</summary>
    /// <exception cref="ArgumentException">A model's provider is unknown.</exception>
    public IChatClient GetClient(ModelId model, IReadOnlyList<ModelId> fallbacks, ModelId? preferred = null)
    {
        var original = CandidateOf(model);
        List<ModelCandidate> chain = [original, .. fallbacks.Select(CandidateOf)];
        if (preferred is { } first && chain.FindIndex(candidate => candidate.Name == first.ToString()) is > 0 and var place)
        {
            var candidate = chain[place];
            chain.RemoveAt(place);
            chain.Insert(0, candidate);
        }

        return new FallbackChatClient(original.Name, chain, _telemetry);
    }

    /// <summary>The list of models of a provider; null when there is no such provider.</summary>
    public ModelsEndpoint? FindModels(string provider) => _providers.GetValueOrDefault(provider)?.Value.Models;

    public void Dispose()
    {
        _clients.Dispose();
        foreach (var provider in _providers.Values.Where(provider => provider.IsValueCreated))
        {
            provider.Value.Dispose();
        }
    }

    private ModelCandidate CandidateOf(ModelId id)
    {
        if (_clients.TryGetValue(id, out ModelCandidate? cached))
        {
            return cached!;
        }

        if (!_providers.TryGetValue(id.Provider, out var provider))
        {
            throw new ArgumentException($"Unknown provider '{id.Provider}'.", nameof(id));
        }

        return _clients.Set(id, new ModelCandidate(new ModelId(provider.Value.Name, id.Model).ToString(), provider.Value.CreateClient(id.Model), provider.Value.RetryAttempts), new MemoryCacheEntryOptions
        {
            Size = 1,
            SlidingExpiration = TimeSpan.FromHours(1),
        });
    }
}
