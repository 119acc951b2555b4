using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Yggdrasil.Telemetry;

namespace Yggdrasil.Tests.Providers;

/// <summary>What one instrument of one application measured: its tags, in alphabetical order.</summary>
internal sealed class RecordedMeasurements : IDisposable
{
    private readonly ConcurrentQueue<string> _tags = new();
    private readonly MeterListener _listener = new();

    public RecordedMeasurements(TestProviders providers, string instrument)
    {
        var meters = providers.Get<IMeterFactory>();
        _listener.InstrumentPublished = (published, listener) =>
        {
            // Other tests' applications have meters of the same name.
            if (published.Meter.Name == Signals.ProviderMeter && published.Meter.Scope == meters && published.Name == instrument)
            {
                listener.EnableMeasurementEvents(published);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Record(tags));
        _listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Record(tags));
        _listener.Start();
    }

    public IReadOnlyCollection<string> Tags => _tags;

    public void Dispose() => _listener.Dispose();

    private void Record(ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
        _tags.Enqueue(string.Join(' ', tags.ToArray().OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => $"{tag.Key}={tag.Value}")));
}
