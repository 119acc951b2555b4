namespace Yggdrasil.Runs.Model;

/// <summary>
/// Tells those of this process who wait for a run that its row or journal has changed, so that they look at once instead
/// of at their next poll. A hint and no more: what other instances change is not told, and storage is the truth.
/// </summary>
public sealed class RunSignals
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, HashSet<RunSignal>> _listeners = new(StringComparer.Ordinal);

    /// <summary>Something about the run was committed. Costs next to nothing when nobody listens.</summary>
    public void Publish(string runId)
    {
        lock (_gate)
        {
            foreach (var listener in _listeners.GetValueOrDefault(runId) ?? [])
            {
                listener.Set();
            }
        }
    }

    /// <summary>Listens from now on: what is published between two waits is not missed. Dispose of it to stop.</summary>
    /// <remarks>Subscribe before looking at the run, or what happens in between is noticed only by the next poll.</remarks>
    public RunSignal Subscribe(string runId)
    {
        var listener = new RunSignal(this, runId);
        lock (_gate)
        {
            if (!_listeners.TryGetValue(runId, out var listeners))
            {
                _listeners[runId] = listeners = [];
            }

            listeners.Add(listener);
        }

        return listener;
    }

    internal void Unsubscribe(RunSignal listener)
    {
        lock (_gate)
        {
            if (_listeners.TryGetValue(listener.RunId, out var listeners) && listeners.Remove(listener) && listeners.Count == 0)
            {
                _listeners.Remove(listener.RunId);
            }
        }
    }
}

/// <summary>One listener of <see cref="RunSignals"/>. For one waiter at a time.</summary>
public sealed class RunSignal : IDisposable
{
    private readonly RunSignals _signals;
    private volatile TaskCompletionSource _published = New();

    internal RunSignal(RunSignals signals, string runId) => (_signals, RunId) = (signals, runId);

    public string RunId { get; }

    /// <summary>Completes when something was published since the last wait ended, or after <paramref name="timeout"/>.</summary>
    /// <returns>Whether something was published.</returns>
    public async Task<bool> WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        var published = _published;
        try
        {
            await published.Task.WaitAsync(timeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return false;
        }

        // Renewed before the caller looks at the run: what is published while it looks belongs to the next wait.
        _published = New();
        return true;
    }

    public void Dispose() => _signals.Unsubscribe(this);

    internal void Set() => _published.TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
