using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Store;

/// <summary>Writes the journal of a run under its lease: some entries at once, others soon, all in order.</summary>
/// <remarks>
/// <code>
///   append ──► waiting ──► a write begins at once, unless one is in flight
///                │                 │
///   commit ──────┴── takes along what waits, in one transaction with its own entries
/// </code>
/// What waits is in <see cref="Transcript"/> and <see cref="Run"/> already, and in storage nowhere: a crash loses it, and whoever drives
/// next does it again. Whatever is written carries all that waits, so storage never has a run's state without the entries that
/// made it. Every write carries the version of the run's row. A version that changed under the same epoch means that somebody
/// set a flag, or that a write landed whose answer was lost: what is stored is read, and what is missing of the write is
/// repeated. Another epoch means that somebody else drives.
/// </remarks>
internal sealed partial class JournalWriter : IAsyncDisposable
{
    /// <summary>The longest that anything waits before another model call begins: what a crash loses was paid.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    /// <summary>Entries that wait at most; more than a turn has, most often.</summary>
    private const int MaxWaiting = 32;

    /// <summary>Between attempts at a row that others set flags on.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Between attempts to write what waits while storage does not take it; doubled each time.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly RunStore _store;
    private readonly TimeSpan _knownFor;
    private readonly Func<Run, Run> _renewed;
    private readonly Action<Run> _onStored;
    private readonly CancellationTokenSource _lost;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _row = new(1, 1);
    private readonly Lock _gate = new();
    private Run _stored;
    private PreparedEntries _waiting = PreparedEntries.None;
    private Task _writing = Task.CompletedTask;
    private long _waitingSince;
    private long _knownSince;
    private int _appends;

    /// <param name="run">The run as stored when its driver took the lease.</param>
    /// <param name="knownFor">See <see cref="RunOptions.RowKnownFor"/>.</param>
    /// <param name="renewed">The run with its lease renewed.</param>
    /// <param name="onStored">Told of each new state in storage.</param>
    /// <param name="lost">Cancelled here when somebody else is found to drive; elsewhere when the lease is about to end.</param>
    public JournalWriter(
        RunStore store,
        Run run,
        IReadOnlyList<JournalEntry> entries,
        TimeSpan knownFor,
        Func<Run, Run> renewed,
        Action<Run> onStored,
        CancellationTokenSource lost,
        TimeProvider time,
        ILogger logger)
    {
        (_store, _stored, _knownFor, _renewed, _onStored, _lost, _time, _logger) = (store, run, knownFor, renewed, onStored, lost, time, logger);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(lost.Token);
        _knownSince = time.GetTimestamp();
        Run = run;
        Transcript = new Transcript([], entries);
    }

    /// <summary>The run with all that was recorded, what waits included.</summary>
    public Run Run { get; private set; }

    public Transcript Transcript { get; }

    /// <summary>Whether something has waited for so long that no more may be spent on top of it.</summary>
    public bool WaitsLong
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Entries.Count > 0 && _time.GetElapsedTime(_waitingSince) >= LongestWait;
            }
        }
    }

    /// <summary>Records entries that are written soon; at once, where the run's row was not looked at for long.</summary>
    /// <exception cref="LeaseLostException">Somebody else drives the run now.</exception>
    public async Task AppendAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        _lost.Token.ThrowIfCancellationRequested();
        if (_time.GetElapsedTime(Volatile.Read(ref _knownSince)) >= _knownFor)
        {
            await CommitAsync(_ => _renewed(next), entries, cancellationToken);
            return;
        }

        if (_waiting.Entries.Count + entries.Count > MaxWaiting)
        {
            await CommitAsync(_renewed, [], cancellationToken);
        }

        var numbered = entries.Numbered(Run.NextSequence);
        var prepared = await _store.PrepareAsync(next, numbered, cancellationToken);
        lock (_gate)
        {
            _waitingSince = _waiting.Entries.Count == 0 ? _time.GetTimestamp() : _waitingSince;
            _waiting = _waiting.Then(prepared);
            _appends++;
            Run = Under(_stored, next) with { NextSequence = Run.NextSequence + numbered.Count, LeaseUntil = Run.LeaseUntil };
            numbered.ForEach(Transcript.Add);
            if (_writing.IsCompleted)
            {
                _writing = Task.Run(WriteWaitingAsync, CancellationToken.None);
            }
        }
    }

    /// <summary>Writes the run's new state, and with it what waits and then <paramref name="entries"/>.</summary>
    /// <param name="change">Given the newest state, the one to write; null to write nothing.</param>
    /// <remarks>As long as something waits, a failure of storage that may pass is waited out: what waits was paid.</remarks>
    /// <exception cref="LeaseLostException">Somebody else drives the run now.</exception>
    public async Task CommitAsync(Func<Run, Run?> change, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await CommitOnceAsync(change, entries, cancellationToken);
                return;
            }
            catch (Exception failure) when (failure is not OperationCanceledException && _waiting.Entries.Count > 0 && StorageOutage.Passes(failure))
            {
                LogWaiting(Run.Id, failure.GetType().FullName);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, cancellationToken);
                await Task.Delay(pause, _time, either.Token);
            }
        }
    }

    /// <summary>The driver is done; what still waits was not to be written.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing;
        _stop.Dispose();
        _row.Dispose();
    }

    private async Task WriteWaitingAsync()
    {
        try
        {
            while (_waiting.Entries.Count > 0)
            {
                await CommitAsync(_renewed, [], _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Whoever drives next does again what waited.
        }
        catch (Exception failure)
        {
            // It waits on: the next commit takes it along, and its failure is the driver's.
            LogNotWritten(Run.Id, failure.GetType().FullName);
        }
    }

    /// <summary>One writer at a time: a renewal must never carry a state that a commit beside it has replaced.</summary>
    private async Task CommitOnceAsync(Func<Run, Run?> change, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        await _row.WaitAsync(cancellationToken);
        try
        {
            var write = Begin(change);
            if (write is not null && write.Entries.Entries.Count + entries.Count > RunStore.MaxEntriesPerCommit)
            {
                await WriteAsync(write with { Next = _renewed(Run) }, cancellationToken);
                write = Begin(change);
            }

            if (write is not null)
            {
                var numbered = entries.Numbered(Run.NextSequence);
                var own = await _store.PrepareAsync(write.Next, numbered, cancellationToken);
                await WriteAsync(write with { Entries = write.Entries.Then(own), Last = numbered }, cancellationToken);
            }
        }
        finally
        {
            _row.Release();
        }
    }

    private Write? Begin(Func<Run, Run?> change)
    {
        lock (_gate)
        {
            return change(Run) is { } next ? new Write(next, _waiting, [], _appends) : null;
        }
    }

    private async Task WriteAsync(Write write, CancellationToken cancellationToken)
    {
        while (true)
        {
            _lost.Token.ThrowIfCancellationRequested();
            var current = Under(_stored, write.Next) with { NextSequence = _stored.NextSequence };
            if (await _store.CommitAsync(current, write.Entries, write.Last, Transcript, cancellationToken) is { } stored)
            {
                Accept(write, stored);
                return;
            }

            var found = await _store.FindAsync(_stored.Caller.Owner.Partition, _stored.Id, cancellationToken);
            if (found is null || found.Epoch != _stored.Epoch)
            {
                await LoseAsync();
            }

            if (found!.NextSequence != _stored.NextSequence)
            {
                // Nobody else appends under a lease, so these are our own, and only the answer was lost.
                var (landed, count) = await LandedAsync(write, cancellationToken);
                if (landed.IsTerminal || (write.Last.Count > 0 && count == write.Entries.Entries.Count))
                {
                    Accept(write, landed);
                    return;
                }

                write = Accept(write, landed, count);
            }
            else if (found.IsTerminal)
            {
                // Nobody else ends a run under a lease: what ended it is ours, and only the answer was lost.
                Accept(write, found);
                return;
            }
            else
            {
                Refresh(found);
                await Task.Delay(Pause, _time, cancellationToken);
            }
        }
    }

    /// <summary>The run as stored, and how many of the entries are there: the first ones, or it is not this driver's journal.</summary>
    private async Task<(Run Run, int Count)> LandedAsync(Write write, CancellationToken cancellationToken)
    {
        if (await _store.LoadAsync(_stored.Caller.Owner.Partition, _stored.Id, cancellationToken) is var (run, found) && run.Epoch == _stored.Epoch)
        {
            var count = (int)Math.Min(run.NextSequence - _stored.NextSequence, int.MaxValue);
            if (count <= write.Entries.Entries.Count && ((IReadOnlyList<JournalEntry>)[.. write.Entries.Entries.Take(count)]).AreAmong(found))
            {
                return (run, count);
            }
        }

        await LoseAsync();
        throw new LeaseLostException(_stored.Id);
    }

    private async Task LoseAsync()
    {
        await _lost.CancelAsync();
        throw new LeaseLostException(_stored.Id);
    }

    /// <summary>What others set, and the quota, which is the lease's own: where an answer was lost, what the run has used is accounted for.</summary>
    private void Refresh(Run found)
    {
        lock (_gate)
        {
            _stored = Under(found, _stored) with { StoredApprovals = _stored.StoredApprovals };
            Run = Under(_stored, Run);
            _knownSince = _time.GetTimestamp();
        }
    }

    private void Accept(Write write, Run stored)
    {
        Accept(write, stored, write.Entries.Entries.Count);
        lock (_gate)
        {
            foreach (var entry in write.Last)
            {
                Transcript.Add(entry);
            }
        }
    }

    /// <returns>What is left to write.</returns>
    private Write Accept(Write write, Run stored, int count)
    {
        lock (_gate)
        {
            _stored = stored;
            _knownSince = _time.GetTimestamp();
            _waiting = _waiting.After(Math.Min(count, write.Entries.Entries.Count - write.Last.Count));
            Run = _appends == write.Appends && count == write.Entries.Entries.Count ? stored : Under(stored, Run) with { LeaseUntil = stored.LeaseUntil };
        }

        _onStored(stored);
        return write with { Entries = write.Entries.After(count) };
    }

    /// <summary>A run's state with what storage alone knows of it.</summary>
    private static Run Under(Run stored, Run run) => run with
    {
        ETag = stored.ETag,
        CancelRequested = stored.CancelRequested,
        SuspendRequested = stored.SuspendRequested,
        DecisionCount = stored.DecisionCount,
        Quota = stored.Quota,
        StoredApprovals = stored.StoredApprovals,
    };

    [LoggerMessage(1063, LogLevel.Warning, "Run {RunId}: steps wait for storage to record them ({ExceptionType})")]
    private partial void LogWaiting(string runId, string? exceptionType);

    [LoggerMessage(1064, LogLevel.Warning, "Run {RunId}: steps could not be recorded, and wait for the next commit ({ExceptionType})")]
    private partial void LogNotWritten(string runId, string? exceptionType);

    /// <param name="Next">The state to write.</param>
    /// <param name="Entries">What waited, and <paramref name="Last"/>.</param>
    /// <param name="Last">Those that did not wait, and are in the transcript once they are written.</param>
    /// <param name="Appends">How often something had been appended when this began.</param>
    private sealed record Write(Run Next, PreparedEntries Entries, List<JournalEntry> Last, int Appends);
}
