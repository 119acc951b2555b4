namespace Yggdrasil.Runs.Model;

/// <summary>The bounds of one slice: how long it may go on, and what makes it stop before that.</summary>
internal sealed class Slice : IDisposable
{
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly TimeSpan _budget;
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _lost;
    private readonly CancellationTokenSource _cancelled = new();
    private readonly CancellationTokenSource _expired = new();
    private volatile bool _yieldRequested;

    /// <param name="budget">How long the slice may begin new steps.</param>
    /// <param name="stopping">The host shuts down.</param>
    /// <param name="lost">The lease was lost.</param>
    public Slice(TimeSpan budget, TimeProvider time, CancellationToken stopping, CancellationToken lost)
    {
        _time = time;
        _started = time.GetTimestamp();
        _budget = budget;
        _lost = CancellationTokenSource.CreateLinkedTokenSource(lost);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, _lost.Token, _cancelled.Token, _expired.Token);
    }

    /// <summary>Cancelled when a step that can be repeated must be given up: at shutdown, when the run is cancelled or expires or its lease is lost.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Cancelled when every step must be given up: when the lease is lost.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Cancelled when the run is to be cancelled: also a call that must not be repeated is told to stop.</summary>
    public CancellationToken Cancelled => _cancelled.Token;

    public bool IsCancelled => _cancelled.IsCancellationRequested;

    /// <summary>Whether the run's deadline has passed.</summary>
    public bool IsExpired => _expired.IsCancellationRequested;

    public bool IsOver => _yieldRequested || _stop.IsCancellationRequested || _time.GetElapsedTime(_started) >= _budget;

    /// <summary>Ends the slice after the step in flight.</summary>
    public void Yield() => _yieldRequested = true;

    /// <summary>The run's deadline has passed: the step in flight is given up, where it can be repeated.</summary>
    public void Expire() => _expired.Cancel();

    /// <summary>The run is to be cancelled: nothing new begins, and what is in flight is told to stop.</summary>
    public void Cancel() => _cancelled.Cancel();

    /// <summary>Gives up everything in flight.</summary>
    public void Abandon() => _lost.Cancel();

    public void Dispose()
    {
        _stop.Dispose();
        _lost.Dispose();
        _cancelled.Dispose();
        _expired.Dispose();
    }
}
