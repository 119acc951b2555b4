using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Events;

/// <summary>Keeps the timeline of one run up to date, for all readers of this process.</summary>
/// <remarks>
/// What the run's driver does in this process is told at once. For the rest the run's row is looked at, after 25 ms, then less
/// and less often down to four times a second; only when it says that there is more, the journal is. The deltas of a driver
/// elsewhere are read from their log.
/// </remarks>
internal sealed partial class RunFeed : IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    /// <summary>Attempts at storage, which its client repeats by itself, before readers are sent away.</summary>
    private const int MaxFailures = 5;

    private readonly RunStore _store;
    private readonly RunStreams _streams;
    private readonly DeltaLog _log;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _partition;
    private readonly ChildUsage _children;
    private readonly RunSignal _commits;
    private readonly CancellationTokenSource _disposed = new();
    private IDisposable? _live;
    private Task _following = Task.CompletedTask;
    private long _logOffset;

    private RunFeed(RunStore store, RunStreams streams, DeltaLog log, Run run, RunSignal commits, TimeProvider time, ILogger logger)
    {
        (_store, _streams, _log, _commits, _time, _logger) = (store, streams, log, commits, time, logger);
        _children = new ChildUsage(store);
        (Run, _partition, Timeline) = (run, run.Caller.Owner.Partition, new EventTimeline(run));
    }

    /// <summary>The run as it was when this began.</summary>
    public Run Run { get; }

    public EventTimeline Timeline { get; }

    /// <returns>Null when there is no such run.</returns>
    public static async Task<RunFeed?> OpenAsync(
        RunStore store, RunStreams streams, DeltaLog log, string partition, string runId, TimeProvider time, ILogger logger)
    {
        // Before the first look: what is committed meanwhile is not missed.
        var commits = streams.Commits.Subscribe(runId);
        try
        {
            if (await store.LoadAsync(partition, runId, CancellationToken.None) is var (run, entries))
            {
                var feed = new RunFeed(store, streams, log, run, commits, time, logger);
                await feed.BeginAsync(run, entries);
                return feed;
            }
        }
        catch
        {
            commits.Dispose();
            throw;
        }

        commits.Dispose();
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _following;
        _live?.Dispose();
        _commits.Dispose();
        _disposed.Dispose();
    }

    private async Task BeginAsync(Run run, IReadOnlyList<JournalEntry> entries)
    {
        // Entries may be newer than the row that was read before them.
        Timeline.Commit(entries, Math.Max(run.NextSequence, entries.Count > 0 ? entries[^1].Sequence + 1 : 0));
        Timeline.Advance(run.Epoch);
        if (run.IsTerminal)
        {
            Timeline.End(await _children.AddToAsync(run, CancellationToken.None));
            return;
        }

        _live = _streams.Subscribe(run.Id, Timeline.Push);
        _following = FollowAsync();
    }

    private async Task FollowAsync()
    {
        var (pause, failures) = (ShortestPause, 0);
        try
        {
            while (!Timeline.HasEnded && !Timeline.IsClosed)
            {
                await _commits.WaitAsync(pause, _time, _disposed.Token);
                try
                {
                    var hasChanged = await LookAsync(_disposed.Token);
                    (pause, failures) = (hasChanged ? ShortestPause : Longer(pause), 0);
                }
                catch (Exception failure) when (!_disposed.IsCancellationRequested)
                {
                    LogNotRead(Run.Id, failure.GetType().Name);
                    pause = LongestPause;
                    if (++failures == MaxFailures)
                    {
                        Timeline.Close();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested)
        {
            // The last reader has gone.
        }
    }

    private async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        if (await _store.FindProgressAsync(_partition, Run.Id, cancellationToken) is not { } progress)
        {
            Timeline.Close();
            return true;
        }

        var hasChanged = progress.NextSequence > Timeline.NextSequence;
        if (hasChanged)
        {
            var entries = await _store.ReadEntriesAsync(_partition, Run.Id, Timeline.NextSequence, progress.NextSequence, cancellationToken);
            Timeline.Commit(entries, progress.NextSequence);
        }

        hasChanged |= Timeline.Advance(progress.Epoch);
        if (progress.IsTerminal)
        {
            await EndAsync(cancellationToken);
            return true;
        }

        return await ReadLogAsync(progress.Epoch, cancellationToken) || hasChanged;
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        if (await _store.FindAsync(_partition, Run.Id, cancellationToken) is { } ended)
        {
            Timeline.End(await _children.AddToAsync(ended, cancellationToken));
        }
        else
        {
            Timeline.Close();
        }
    }

    private async Task<bool> ReadLogAsync(int epoch, CancellationToken cancellationToken)
    {
        if (!Run.Stream || _streams.IsOpen(Run.Id, epoch))
        {
            return false;
        }

        var (events, offset) = await _log.ReadAsync(_partition, Run.Id, _logOffset, Timeline.Epoch, cancellationToken);
        _logOffset = offset;
        foreach (var live in events)
        {
            Timeline.Push(live);
        }

        return events.Count > 0;
    }

    private static TimeSpan Longer(TimeSpan pause) => pause * 2 < LongestPause ? pause * 2 : LongestPause;

    [LoggerMessage(1041, LogLevel.Warning, "Run {RunId}: its events could not be read ({ExceptionType})")]
    private partial void LogNotRead(string runId, string exceptionType);
}
