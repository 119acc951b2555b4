namespace Yggdrasil.Fixtures;

/// <summary>What a server received, in order; thread-safe, and awaitable by number.</summary>
internal sealed class RequestLog<T>
{
    private readonly Lock _lock = new();
    private readonly List<T> _entries = [];
    private readonly List<(int Number, TaskCompletionSource<T> Waiter)> _waiters = [];

    public IReadOnlyList<T> Entries
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries];
            }
        }
    }

    /// <summary>Adds the entry that <paramref name="create"/> makes of its number, counted from 1.</summary>
    public T Add(Func<int, T> create)
    {
        lock (_lock)
        {
            var entry = create(_entries.Count + 1);
            _entries.Add(entry);
            foreach (var (_, waiter) in _waiters.Where(waiting => waiting.Number == _entries.Count))
            {
                waiter.SetResult(entry);
            }

            return entry;
        }
    }

    /// <summary>The entry with this number, counted from 1, as soon as it is there.</summary>
    public Task<T> WaitAsync(int number, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (number <= _entries.Count)
            {
                return Task.FromResult(_entries[number - 1]);
            }

            var waiter = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((number, waiter));
            return waiter.Task.WaitAsync(cancellationToken);
        }
    }
}
