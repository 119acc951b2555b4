using Microsoft.Extensions.Logging;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Models.State;

/// <summary>
/// Probes providers whose breaker is open, for all instances. Once a provider answers a request that costs nothing, calls may
/// go to it again earlier than its breaker would let them.
/// </summary>
/// <remarks>
/// A list of models does not prove that models answer. So while calls are refused an answer only ends the wait: each
/// instance lets one call through, and its success closes the breaker. Once nobody refuses any more, because the time is
/// over and no call has come since, it closes the shared state, which otherwise would say for ever that the provider is broken.
/// </remarks>
public sealed partial class ProviderProbing
{
    private readonly ProviderStates _states;
    private readonly ProviderStateStore _store;
    private readonly ModelClients _clients;
    private readonly TimeProvider _time;
    private readonly ILogger<ProviderProbing> _logger;

    internal ProviderProbing(
        ProviderStates states, ProviderStateStore store, ModelClients clients, TimeProvider time, ILogger<ProviderProbing> logger) =>
        (_states, _store, _clients, _time, _logger) = (states, store, clients, time, logger);

    // Not the instance alone: it has to follow what its own probe found out, like all others.
    private string Prober => $"probe:{_states.Instance}";

    /// <summary>Asks every provider whose shared state is not closed, side by side.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var rows = await _store.ReadAsync(cancellationToken);
        await Task.WhenAll(rows
            .Where(row => row.State.Breaker != BreakerState.Closed)
            .Select(row => ProbeAsync(row.State, row.Version, cancellationToken)));
    }

    private async Task ProbeAsync(ProviderState state, Azure.ETag version, CancellationToken cancellationToken)
    {
        // One that is no longer configured has no endpoint to be asked, and no caller either.
        if (_clients.FindModels(state.Provider) is not { } models)
        {
            return;
        }

        var answers = await models.AnswersAsync(cancellationToken);
        LogProbed(state.Provider, answers);
        if (!answers)
        {
            return;
        }

        var now = _time.GetUtcNow();
        var isRefusing = state.Breaker == BreakerState.Open && state.Until > now;
        var next = isRefusing
            ? state with { Breaker = BreakerState.HalfOpen, Since = now, Until = now, By = Prober }
            : state with { Breaker = BreakerState.Closed, Since = now, Until = now, By = Prober, Reason = "" };

        // Whoever has changed it meanwhile knows better.
        await _store.TryReplaceAsync(next, version, cancellationToken);
    }

    [LoggerMessage(6030, LogLevel.Information, "Provider {Provider} was probed; it answers: {Answers}")]
    private partial void LogProbed(string provider, bool answers);
}
