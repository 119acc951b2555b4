using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Events;

/// <summary>The feeds that are being read in this process: however many readers a run has, one looks for them all.</summary>
internal sealed class RunFeeds(RunStore store, RunStreams streams, DeltaLog log, TimeProvider time, ILogger<RunFeeds> logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Partition, string RunId), Shared> _open = [];

    /// <summary>Joins the readers of a run, or is the first. Dispose of it to leave.</summary>
    /// <returns>Null when there is no such run.</returns>
    public async Task<FeedUse?> OpenAsync(string partition, string runId, CancellationToken cancellationToken)
    {
        var shared = Join(partition, runId);
        try
        {
            if (await shared.Opening.WaitAsync(cancellationToken) is { } feed)
            {
                return new FeedUse(this, shared, feed);
            }
        }
        catch
        {
            await LeaveAsync(shared);
            throw;
        }

        await LeaveAsync(shared);
        return null;
    }

    private Shared Join(string partition, string runId)
    {
        lock (_gate)
        {
            if (!_open.TryGetValue((partition, runId), out var shared) || shared.IsOfNoUse)
            {
                // On behalf of all who will wait for it: the one who came first may leave.
                var opening = Task.Run(() => RunFeed.OpenAsync(store, streams, log, partition, runId, time, logger));
                _open[(partition, runId)] = shared = new Shared((partition, runId), opening);
            }

            shared.Readers++;
            return shared;
        }
    }

    private async ValueTask LeaveAsync(Shared shared)
    {
        lock (_gate)
        {
            if (--shared.Readers > 0)
            {
                return;
            }

            if (_open.GetValueOrDefault(shared.Key) == shared)
            {
                _open.Remove(shared.Key);
            }
        }

        // Who leaves before it was opened has to see that it is closed again.
        await ((Task)shared.Opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (shared.Opening is { IsCompletedSuccessfully: true, Result: { } feed })
        {
            await feed.DisposeAsync();
        }
    }

    internal sealed class Shared((string, string) key, Task<RunFeed?> opening)
    {
        public (string Partition, string RunId) Key { get; } = key;

        public Task<RunFeed?> Opening { get; } = opening;

        public int Readers { get; set; }

        public bool IsOfNoUse => Opening.IsCompleted && Opening is not { IsCompletedSuccessfully: true, Result.Timeline.IsClosed: false };
    }

    internal sealed class FeedUse(RunFeeds feeds, Shared shared, RunFeed feed) : IAsyncDisposable
    {
        private int _left;

        public RunFeed Feed { get; } = feed;

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                await feeds.LeaveAsync(shared);
            }
        }
    }
}
