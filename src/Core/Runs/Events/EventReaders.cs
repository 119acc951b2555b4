using System.Collections.Concurrent;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Limits;

namespace Yggdrasil.Runs.Events;

/// <summary>How many streams of events each user reads in this process: each holds a connection and memory.</summary>
internal sealed class EventReaders(LimitOptions options)
{
    /// <summary>What readers that go away leave behind is free at once; a client that lost its streams comes back within a second.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, int> _open = new();

    /// <summary>Takes a slot for as long as what is returned is not disposed of.</summary>
    /// <exception cref="TooManyEventReadersException">The user reads as many as allowed.</exception>
    public IDisposable Enter(Owner user)
    {
        var partition = user.Partition;
        if (_open.AddOrUpdate(partition, 1, static (_, open) => open + 1) > options.EventReaders)
        {
            Leave(partition);
            throw new TooManyEventReadersException(
                $"{options.EventReaders} streams of events are open for you here, which is as many as may; close one.", Soon);
        }

        return new Slot(this, partition);
    }

    private void Leave(string partition)
    {
        while (_open.TryGetValue(partition, out var open))
        {
            if (open == 1 ? _open.TryRemove(KeyValuePair.Create(partition, open)) : _open.TryUpdate(partition, open - 1, open))
            {
                return;
            }
        }
    }

    private sealed class Slot(EventReaders readers, string partition) : IDisposable
    {
        private int _isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isLeft, 1) == 0)
            {
                readers.Leave(partition);
            }
        }
    }
}
