using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Models.State;

/// <summary>The breaker of each provider, as this instance knows it, measured as long as the app runs.</summary>
internal sealed class BreakerMetrics(IModelProviders providers, ProviderStates states) : IHostedService, IDisposable
{
    private readonly Meter _meter = new(Signals.ProviderMeter);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _meter.CreateObservableGauge(Signals.Metrics.ProviderBreakerState, Measure, description: "0 closed, 1 half-open, 2 open.");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> Measure() => providers.ProviderNames.Select(name => new Measurement<int>(
        states.Find(name)?.Breaker switch { BreakerState.Open => 2, BreakerState.HalfOpen => 1, _ => 0 },
        new KeyValuePair<string, object?>(Signals.Attributes.Provider, name)));
}
