namespace Yggdrasil.Runs.Quotas;

/// <summary>Lets one caller at a time go on for each owner. It remembers only owners for whom somebody goes on or waits.</summary>
/// <remarks>
/// The versions of rows keep instances of the app apart; within one, those who would only refuse each other had better wait.
/// </remarks>
internal sealed class OwnerTurns
{
    private readonly Dictionary<string, Queue> _queues = [];

    /// <summary>Owners for whom somebody goes on or waits.</summary>
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

    /// <returns>To be disposed of when the next one may go on.</returns>
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
            await queue.Door.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Leave(partition, queue);
            throw;
        }

        return new Turn(this, partition, queue);
    }

    private void Leave(string partition, Queue queue)
    {
        lock (_queues)
        {
            if (--queue.Users == 0)
            {
                _queues.Remove(partition);
                queue.Door.Dispose();
            }
        }
    }

    private sealed class Queue
    {
        public SemaphoreSlim Door { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Turn(OwnerTurns turns, string partition, Queue queue) : IDisposable
    {
        private Queue? _queue = queue;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _queue, null) is { } left)
            {
                left.Door.Release();
                turns.Leave(partition, left);
            }
        }
    }
}
