using System.Threading.RateLimiting;
using Azure.Core;
using Microsoft.Extensions.AI;
using Yggdrasil.Security.Secrets;

namespace Yggdrasil.Providers;

/// <summary>One provider: what all its models share, and the clients of these models.</summary>
internal sealed class ModelProvider : IDisposable
{
    private readonly ProviderOptions _options;
    private readonly ISecrets _secrets;
    private readonly ProviderResilience _resilience;
    private readonly ConcurrencyLimiter _limiter;
    private readonly HttpClient _http;
    private readonly VendorClients _vendor;

    public ModelProvider(ProviderOptions options, ISecrets secrets, TimeProvider time, Func<TokenCredential> credential)
    {
        _options = options;
        _secrets = secrets;
        _resilience = new ProviderResilience(options, time);
        _limiter = new ConcurrencyLimiter(new ConcurrencyLimiterOptions
        {
            PermitLimit = options.MaxConcurrency,
            QueueLimit = int.MaxValue,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        });
        _http = ProviderHttp.Create(options, time);
        _vendor = new VendorClients(options, _http, time, credential);
    }

    /// <summary>The client of one model of this provider, outermost first: this list is the order of design, section 6.</summary>
    public IChatClient CreateClient(string model) =>
        _vendor.MissingSetting is { } setting
            ? new UnconfiguredChatClient(_options.Name, setting)
            : new RotatingKeyChatClient(_options, _secrets, key => _vendor.Create(model, key)).AsBuilder()
                .Use(inner => new ConcurrencyLimitedChatClient(inner, _limiter))
                .Use(inner => new ResilientChatClient(inner, _resilience))
                .Use(inner => new ClassifyingChatClient(inner, _options.Name))
                .Use(inner => new NamedModelChatClient(inner, new ModelId(_options.Name, model)))
                .Build();

    public void Dispose()
    {
        _http.Dispose();
        _limiter.Dispose();
    }
}
