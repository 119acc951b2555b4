using System.Diagnostics.Metrics;
using Polly.Telemetry;
using Yggdrasil.Telemetry;
using static Yggdrasil.Telemetry.Signals;

namespace Yggdrasil.Models.Transport;

/// <summary>What providers did, as metrics of the meter <c>Yggdrasil.Providers</c>; Polly's telemetry is among them.</summary>
/// <remarks>Not Polly.Extensions: it puts results into its log messages, and ours are answers.</remarks>
internal sealed class ProviderMetrics
{
    private const string BreakerClosed = "OnCircuitClosed";

    private readonly Counter<long> _events;
    private readonly Histogram<double> _duration;
    private readonly Counter<long> _fallbacks;

    public ProviderMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(ProviderMeter);
        _events = meter.CreateCounter<long>(
            Metrics.ProviderEvents, "{event}", "Retries, timeouts and breaker transitions, as Polly names them.");
        _duration = meter.CreateHistogram<double>(
            Metrics.ProviderCallDuration, "s", "Model calls at one provider, retries included; of streams, until the first token.");
        _fallbacks = meter.CreateCounter<long>(
            Metrics.ProviderFallbacks, "{fallback}", "Calls that a model could not answer and the next one was asked.");
    }

    /// <summary>Where Polly reports what it does for a provider.</summary>
    public TelemetryListener Listener(string provider) => new PollyListener(this, provider);

    /// <param name="original">The model that the agent names.</param>
    /// <param name="failed">The model that failed.</param>
    /// <param name="active">The model that is asked next.</param>
    /// <param name="code">The failure's code.</param>
    public void FellBack(string original, string failed, string active, string code) => _fallbacks.Add(
        1, new(Attributes.OriginalModel, original), new(Attributes.FailedModel, failed), new(Attributes.ActiveModel, active), new(GenAi.ErrorType, code));

    /// <summary>One call at one provider has ended.</summary>
    /// <param name="code">The failure's code; null for success.</param>
    public void Called(string provider, TimeSpan duration, string? code)
    {
        if (code is null)
        {
            _duration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>(Attributes.Provider, provider));
        }
        else
        {
            _duration.Record(duration.TotalSeconds, new(Attributes.Provider, provider), new(GenAi.ErrorType, code));
        }
    }

    private sealed class PollyListener(ProviderMetrics metrics, string provider) : TelemetryListener
    {
        public override void Write<TResult, TArgs>(in TelemetryEventArguments<TResult, TArgs> args)
        {
            // Executions and attempts that went as they should are no events: their number is the histogram's.
            if (args.Event.Severity >= ResilienceEventSeverity.Warning || args.Event.EventName == BreakerClosed)
            {
                metrics._events.Add(1, new(Attributes.Provider, provider), new(Attributes.Event, args.Event.EventName));
            }
        }
    }
}
