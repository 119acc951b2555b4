using Azure.Core;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Custom;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;
using Yggdrasil.Models.State;
using Yggdrasil.Models.Transport;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Models.Configuration;

/// <summary>One provider: what all its models share, and the clients of these models.</summary>
internal sealed class ModelProvider : IDisposable
{
    /// <summary>An owner that holds three times the slots that are free gets no more: somebody else may come.</summary>
    private const double FreeFactor = 3;

    private readonly ProviderOptions _options;
    private readonly ISecrets _secrets;
    private readonly ProviderResilience _resilience;
    private readonly CredentialAlert _alert;
    private readonly FairQueue _queue;
    private readonly HttpClient _http;
    private readonly VendorClients _vendor;
    private readonly CustomModels _custom;

    public ModelProvider(
        ProviderOptions options,
        ISecrets secrets,
        ProviderBreaker breaker,
        ProviderMetrics metrics,
        TimeProvider time,
        Func<TokenCredential> credential,
        ActivityOptions activities,
        ILogger<FairQueue> queueLog,
        ILogger<CredentialAlert> alerts,
        CustomModels custom)
    {
        _options = options;
        _custom = custom;
        _secrets = secrets;
        _resilience = new ProviderResilience(options, breaker, metrics, time);
        _alert = new CredentialAlert(options.Name, time, alerts);
        var rules = new FairQueueRules(options.MaxConcurrency)
        {
            FreeFactor = FreeFactor,
            Activities = activities.PerProvider,
            MaxWaiting = options.MaxQueue,
        };
        _queue = new FairQueue(rules, time, queueLog);
        _http = ProviderHttp.Create(options, time);
        _vendor = new VendorClients(options, _http, time, credential, custom.Factory);
        Models = new ModelsEndpoint(options, _http, secrets, time, credential);
    }

    public string Name => _options.Name;

    public int RetryAttempts => _options.RetryAttempts;

    /// <summary>What can be asked without paying for an answer.</summary>
    public ModelsEndpoint Models { get; }

    public IChatClient CreateClient(string model) =>
        _vendor.MissingSetting is { } setting
            ? new UnconfiguredChatClient(_options.Name, setting)
            : Wrap(model, key => _vendor.Create(model, key));

    /// <summary>The client of one model of this provider, outermost first: this list is the order of design, section 6.</summary>
    /// <param name="create">Makes the innermost client for a key.</param>
    internal IChatClient Wrap(string model, Func<string?, IChatClient> create) =>
        _custom.Around(new RotatingKeyChatClient(_options, _secrets, _alert, create), new ModelId(_options.Name, model)).AsBuilder()
            .Use(inner => new ConcurrencyLimitedChatClient(
                inner, _queue, _resilience.Breaker, _options.Name, mayWait: _options.MaxQueue > 0))
            .Use(inner => new ResilientChatClient(inner, _resilience))
            .Use(inner => new ClassifyingChatClient(inner, _options.Name))
            .Use(inner => new NamedModelChatClient(inner, new ModelId(_options.Name, model)))
            .Use(inner => new MeteringChatClient(inner, new ModelId(_options.Name, model)))
            .Build();

    public void Dispose() => _http.Dispose();
}
