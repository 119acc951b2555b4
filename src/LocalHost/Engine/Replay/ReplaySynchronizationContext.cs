namespace Yggdrasil.LocalHost.Engine.Replay;

/// <summary>
/// Keeps an orchestrator on the thread of its step. Every legal continuation is caused by the step itself, on that thread;
/// one that comes from elsewhere, or after the step, gives away an await of something that is not durable.
/// </summary>
internal sealed class ReplaySynchronizationContext(Action onLateViolation) : SynchronizationContext
{
    private readonly int _owner = Environment.CurrentManagedThreadId;
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();
    private readonly Lock _gate = new();
    private bool _closed;
    private bool _violated;

    public override void Post(SendOrPostCallback d, object? state)
    {
        if (IsLegal())
        {
            _queue.Enqueue((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new IllegalAwaitException();

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs everything that can run now.</summary>
    public void Drain()
    {
        while (_queue.TryDequeue(out var next))
        {
            next.Callback(next.State);
        }
    }

    /// <summary>Whether the caller is the step; if not, the violation is noted, or reported when the step is over.</summary>
    public bool IsLegal()
    {
        lock (_gate)
        {
            if (!_closed && Environment.CurrentManagedThreadId == _owner)
            {
                return true;
            }

            _violated = true;
            if (!_closed)
            {
                return false;
            }
        }

        onLateViolation();
        return false;
    }

    /// <summary>Ends the step. From now on whatever moves the orchestrator is a violation.</summary>
    /// <returns>Whether there was a violation during the step.</returns>
    public bool Close()
    {
        lock (_gate)
        {
            _closed = true;
            return _violated;
        }
    }
}
