using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Quotas;

/// <summary>A lock for each owner. It remembers only owners whose lock is held or waited for.</summary>
/// <remarks>
/// The versions of rows keep instances of the app apart; within one, those who would only refuse each other had better wait.
/// </remarks>
internal sealed class OwnerLocks
{
    /// <summary>How long a request waits for the lock: while storage hangs, whoever is before it takes seconds, each of them.</summary>
    private static readonly TimeSpan RequestPatience = TimeSpan.FromSeconds(8);

    private readonly Dictionary<string, Queue> _queues = [];

    /// <summary>Owners whose lock is held or waited for.</summary>
    public int Count
    {
        get
        {
            lock (_queues)
            {
                return _queues.Count;
            }
        }
    }

    /// <returns>Releases the lock when it is disposed of.</returns>
    /// <exception cref="StorageNotAnsweringException">The caller is an HTTP request, and the lock was not free in time.</exception>
    public async Task<IDisposable> EnterAsync(string partition, CancellationToken cancellationToken)
    {
        Queue? queue;
        lock (_queues)
        {
            if (!_queues.TryGetValue(partition, out queue))
            {
                _queues[partition] = queue = new Queue();
            }

            queue.Users++;
        }

        try
        {
            if (!await queue.Semaphore.WaitAsync(StoragePatience.Current is null ? Timeout.InfiniteTimeSpan : RequestPatience, cancellationToken))
            {
                throw new StorageNotAnsweringException(
                    "Other requests of this user wait for storage. Try again, with the same Idempotency-Key where there is one.", TimeSpan.FromSeconds(1));
            }
        }
        catch
        {
            Leave(partition, queue);
            throw;
        }

        return new Held(this, partition, queue);
    }

    private void Leave(string partition, Queue queue)
    {
        lock (_queues)
        {
            if (--queue.Users == 0)
            {
                _queues.Remove(partition);
                queue.Semaphore.Dispose();
            }
        }
    }

    private sealed class Queue
    {
        public SemaphoreSlim Semaphore { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Held(OwnerLocks locks, string partition, Queue queue) : IDisposable
    {
        private Queue? _queue = queue;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _queue, null) is { } left)
            {
                left.Semaphore.Release();
                locks.Leave(partition, left);
            }
        }
    }
}
