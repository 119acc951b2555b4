using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Transport;

namespace Yggdrasil.Models.State;

/// <summary>The breakers of all providers. One instance per process.</summary>
internal sealed class ProviderBreakers(
    IOptions<ModelProvidersOptions> options, ProviderStates states, ProviderMetrics metrics, TimeProvider time, ILogger<ProviderBreaker> logger)
{
    private readonly ConcurrentDictionary<string, Lazy<ProviderBreaker>> _breakers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The breaker of a provider, before its first call too; null when there is no such provider.</summary>
    public ProviderBreaker? Find(string provider) =>
        options.Value.Providers.TryGetValue(provider, out var settings) ? Of(settings) : null;

    public ProviderBreaker Of(ProviderOptions settings) => _breakers.GetOrAdd(
        settings.Name,
        _ => new Lazy<ProviderBreaker>(() => new ProviderBreaker(settings, states, metrics.Listener(settings.Name), time, logger))).Value;
}
