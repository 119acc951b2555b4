using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Storage;
using Yggdrasil.Telemetry;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Operations.Health.Probes;

/// <summary>The queues: that they answer, how much lies in them and for how long, and that nothing was given up.</summary>
internal sealed class QueueProbe : IHealthProbe, IDisposable
{
    private static readonly string[] Queues = [PromptQueues.Prompts, PromptQueues.Poison, PromptQueues.Results, RunBackups.Queue, RunBackups.Poison];

    private readonly StorageClients _storage;
    private readonly TimeProvider _time;
    private readonly Meter _meter = new(Signals.Meter);
    private readonly ConcurrentDictionary<string, (int Messages, double AgeSeconds)> _found = new();

    public QueueProbe(StorageClients storage, TimeProvider time)
    {
        (_storage, _time) = (storage, time);
        _meter.CreateObservableGauge(
            Signals.Metrics.QueueMessages, () => _found.Select(queue => Measure(queue.Key, (double)queue.Value.Messages)), "{message}", "Messages, once a minute.");
        _meter.CreateObservableGauge(
            Signals.Metrics.QueueAge, () => _found.Select(queue => Measure(queue.Key, queue.Value.AgeSeconds)), "s", "Age of the oldest message, once a minute.");
    }

    public string Name => "queues";

    public HealthStatus WhenFailing => HealthStatus.Unhealthy;

    public async Task<ProbeOutcome> CheckAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Queues)
        {
            var queue = await _storage.GetQueueAsync(name, cancellationToken);
            var properties = await queue.GetPropertiesAsync(cancellationToken);
            var oldest = properties.Value.ApproximateMessagesCount > 0 ? (await queue.PeekMessageAsync(cancellationToken)).Value : null;
            var age = oldest?.InsertedOn is { } since ? (_time.GetUtcNow() - since).TotalSeconds : 0;
            _found[name] = (properties.Value.ApproximateMessagesCount, Math.Max(age, 0));
        }

        return ProbeOutcome.Good($"They answer; {_found[PromptQueues.Prompts].Messages} prompts wait, {_found[PromptQueues.Poison].Messages} were given up.");
    }

    public void Dispose() => _meter.Dispose();

    private static Measurement<double> Measure(string queue, double value) =>
        new(value, new KeyValuePair<string, object?>(Signals.Attributes.Queue, queue));
}
