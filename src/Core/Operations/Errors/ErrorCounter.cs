namespace Yggdrasil.Operations.Errors;

/// <summary>Errors that this instance has seen and not written down yet. Counting costs no request, however many there are.</summary>
internal sealed class ErrorCounter(TimeProvider time)
{
    /// <summary>Kinds of errors that are told apart between two writings; more would be a storm of names.</summary>
    public const int MaxKinds = 200;

    private readonly Lock _lock = new();
    private readonly HashSet<ErrorFingerprint> _written = [];
    private Dictionary<ErrorFingerprint, ErrorSightings> _waiting = [];
    private TaskCompletionSource _any = NewSignal();

    /// <summary>Whether something waits that this instance has never written down: it may be new.</summary>
    public bool HasUnknown
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Keys.Any(kind => !_written.Contains(kind));
            }
        }
    }

    public void Seen(ErrorFingerprint kind, string? traceId)
    {
        var now = time.GetUtcNow();
        Add(kind, new ErrorSightings(1, now, now, traceId));
    }

    /// <summary>Completes when there is something to write down.</summary>
    public Task WaitAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _waiting.Count > 0 ? Task.CompletedTask : _any.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Takes out what waits.</summary>
    public IReadOnlyDictionary<ErrorFingerprint, ErrorSightings> Take()
    {
        lock (_lock)
        {
            var taken = _waiting;
            _waiting = [];
            _any = NewSignal();
            return taken;
        }
    }

    public void Written(ErrorFingerprint kind)
    {
        lock (_lock)
        {
            if (_written.Count >= MaxKinds)
            {
                _written.Clear();
            }

            _written.Add(kind);
        }
    }

    /// <summary>Puts back what could not be written down.</summary>
    public void Add(ErrorFingerprint kind, ErrorSightings sightings)
    {
        lock (_lock)
        {
            if (_waiting.Count >= MaxKinds && !_waiting.ContainsKey(kind))
            {
                kind = ErrorFingerprint.Other;
            }

            _waiting[kind] = _waiting.TryGetValue(kind, out var before) ? before.Add(sightings) : sightings;
            _any.TrySetResult();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
