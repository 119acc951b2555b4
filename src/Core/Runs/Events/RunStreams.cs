using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Events;

/// <summary>
/// Where drivers and readers of this process meet: live events of the runs that are driven here, and word of each commit.
/// Readers on other instances find the same in storage.
/// </summary>
internal sealed class RunStreams(DeltaLog log, TimeProvider time, ILogger<RunStreams> logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, RunStream> _open = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Action<LiveEvent>>> _readers = new(StringComparer.Ordinal);

    /// <summary>Told of each commit that this process makes.</summary>
    public RunSignals Commits { get; } = new();

    /// <summary>The stream of a run whose lease was just taken.</summary>
    /// <param name="position">The sequence number of the next journal entry, as of when it is asked.</param>
    public RunStream Open(Run run, Func<long> position)
    {
        var stream = new RunStream(this, run.Stream ? log : null, run, position, time, logger);
        lock (_gate)
        {
            _open[run.Id] = stream;
        }

        return stream;
    }

    /// <summary>Whether this process drives the run in this epoch, so that all its live events are told here.</summary>
    public bool IsOpen(string runId, int epoch)
    {
        lock (_gate)
        {
            return _open.TryGetValue(runId, out var stream) && stream.Epoch == epoch;
        }
    }

    /// <summary>Tells <paramref name="reader"/> what there was in the turn in flight, and from then on of every event, in order.</summary>
    /// <param name="reader">Called while others wait, so it must be quick.</param>
    public IDisposable Subscribe(string runId, Action<LiveEvent> reader)
    {
        lock (_gate)
        {
            if (!_readers.TryGetValue(runId, out var readers))
            {
                _readers[runId] = readers = [];
            }

            readers.Add(reader);
            if (_open.TryGetValue(runId, out var stream))
            {
                stream.Current.ForEach(reader);
            }
        }

        return new Subscription(this, runId, reader);
    }

    /// <summary>Numbers an event and tells it to everybody, one at a time.</summary>
    internal void Tell(RunStream stream, Func<LiveEvent> next)
    {
        lock (_gate)
        {
            var live = next();
            foreach (var reader in _readers.GetValueOrDefault(stream.RunId) ?? [])
            {
                reader(live);
            }
        }
    }

    internal void Close(RunStream stream)
    {
        lock (_gate)
        {
            if (_open.GetValueOrDefault(stream.RunId) == stream)
            {
                _open.Remove(stream.RunId);
            }
        }
    }

    private void Unsubscribe(string runId, Action<LiveEvent> reader)
    {
        lock (_gate)
        {
            if (_readers.TryGetValue(runId, out var readers) && readers.Remove(reader) && readers.Count == 0)
            {
                _readers.Remove(runId);
            }
        }
    }

    private sealed class Subscription(RunStreams streams, string runId, Action<LiveEvent> reader) : IDisposable
    {
        public void Dispose() => streams.Unsubscribe(runId, reader);
    }
}
