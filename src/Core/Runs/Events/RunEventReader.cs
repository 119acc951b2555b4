namespace Yggdrasil.Runs.Events;

/// <summary>The events of one run for one reader. Dispose of it when the reader has gone.</summary>
public sealed class RunEventReader : IAsyncDisposable
{
    private readonly IAsyncDisposable _use;
    private readonly TimelineReader _timeline;
    private readonly TimeProvider _time;
    private Task _changed = Task.CompletedTask;

    /// <param name="use">Disposed of when the reader has gone.</param>
    internal RunEventReader(EventTimeline timeline, string runId, EventCursor? after, IAsyncDisposable use, TimeProvider time)
    {
        (_use, _time) = (use, time);
        _timeline = new TimelineReader(timeline, runId, after);
    }

    /// <summary>Nothing comes any more: the end of the run was told, or the reader has to come back for more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>The next event that is there already; null when there is none.</summary>
    public RunEvent? Next()
    {
        var next = _timeline.Next(out var hasEnded, out _changed);
        HasEnded = hasEnded;
        return next;
    }

    /// <summary>Waits, after <see cref="Next"/> had none, until it may have one.</summary>
    /// <returns>False when <paramref name="patience"/> is over.</returns>
    public async Task<bool> WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            await _changed.WaitAsync(patience, _time, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Given back when the reader has gone; null for a reader that is not counted.</summary>
    internal IDisposable? Slot { get; init; }

    public ValueTask DisposeAsync()
    {
        Slot?.Dispose();
        return _use.DisposeAsync();
    }
}
