using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Runs.Store;

/// <summary>
/// The right to drive a run, and its journal while that right lasts. Every commit carries the version of the run's row, so
/// what a driver writes after it lost the lease is refused by the table.
/// </summary>
/// <remarks>
/// A version that changed under the same epoch means that somebody set a flag, or that a commit landed whose answer was lost:
/// what is stored is read and, unless all of the commit is there, the commit is repeated. Another epoch means that somebody
/// else drives: <see cref="Lost"/>. Commits renew the lease for free; between them a timer does. A driver that could not renew
/// stops by itself before the lease ends.
/// </remarks>
internal sealed partial class RunLease : IRunJournal, IAsyncDisposable
{
    /// <summary>Between attempts at a row that others set flags on.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly RunStore _store;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _row = new(1, 1);
    private readonly CancellationTokenSource _lost;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Task _renewals;
    private readonly RunStream? _stream;

    /// <param name="run">The run as stored when this driver took its lease.</param>
    public RunLease(
        RunStore store, Run run, IReadOnlyList<JournalEntry> entries, RunOptions options, TimeProvider time, ILogger logger)
    {
        (_store, _options, _time, _logger) = (store, options, time, logger);
        Run = run;
        Transcript = new Transcript([], entries);
        _lost = new CancellationTokenSource(TimeLeft(run), time);
        _stream = store.Streams?.Open(run, () => Run.NextSequence);
        _renewals = RenewAsync();
    }

    public Run Run { get; private set; }

    public Transcript Transcript { get; }

    public ILiveEvents Live => (ILiveEvents?)_stream ?? NoLiveEvents.Instance;

    public bool CanWait => true;

    public Task<(Run? Run, bool WasDeleted)> FindChildAsync(string runId, CancellationToken cancellationToken) =>
        _store.FindEvenDeletedAsync(Run.Caller.Owner.Partition, runId, cancellationToken);

    /// <summary>How many decisions the journal held when the lease was taken: only then are they journaled.</summary>
    public int DecisionsSeen { get; init; }

    /// <summary>Before when the run is not to go on once it is given back; null for at once.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    /// <summary>Cancelled when the run is no longer this driver's, or soon will not be.</summary>
    public CancellationToken Lost => _lost.Token;

    public Task CommitAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken) =>
        UpdateAsync(_ => next.IsTerminal ? next : Renewed(next), entries, cancellationToken);

    public async Task ReserveCallAsync(CancellationToken cancellationToken)
    {
        if (await _store.NeedOfNextCallAsync(Run, Transcript, cancellationToken) is { } need
            && !Run.Quota.Covers(Run.Usage.Amount, need, _time.GetUtcNow()))
        {
            await UpdateAsync(run => Renewed(run) with { QuotaRequest = new QuotaRequest(need) }, [], cancellationToken);
        }
    }

    /// <summary>Gives the run back, so that the next driver need not wait for the lease to end.</summary>
    /// <param name="status">Where the run stands meanwhile.</param>
    /// <param name="driver">The orchestration that takes over, where it is another one.</param>
    public Task ReleaseAsync(RunStatus status, string? driver, CancellationToken cancellationToken) =>
        UpdateAsync(
            run => run with { Status = status, LeaseUntil = DateTimeOffset.UnixEpoch, NotBefore = NotBefore, Driver = driver ?? run.Driver },
            [],
            cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _renewals;
        if (_stream is not null)
        {
            await _stream.CloseAsync(hasEnded: Run.IsTerminal);
        }

        _disposed.Dispose();
        _lost.Dispose();
        _row.Dispose();
    }

    private Run Renewed(Run run) => run with { LeaseUntil = _time.GetUtcNow() + _options.Lease };

    /// <summary>One writer at a time: a renewal must never carry a state that a commit beside it has replaced.</summary>
    /// <param name="change">Given the newest state, the one to write; null to write nothing.</param>
    private async Task UpdateAsync(Func<Run, Run?> change, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        await _row.WaitAsync(cancellationToken);
        try
        {
            if (change(Run) is { } next)
            {
                await WriteAsync(next, entries, cancellationToken);
            }
        }
        finally
        {
            _row.Release();
        }
    }

    private async Task WriteAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken)
    {
        var numbered = entries.Numbered(Run.NextSequence);
        while (true)
        {
            _lost.Token.ThrowIfCancellationRequested();
            var current = next with
            {
                NextSequence = Run.NextSequence,
                ETag = Run.ETag,
                CancelRequested = Run.CancelRequested,
                SuspendRequested = Run.SuspendRequested,
                DecisionCount = Run.DecisionCount,
                Quota = Run.Quota,
            };
            if (await _store.CommitAsync(current, numbered, cancellationToken, Transcript) is { } stored)
            {
                Accept(stored, numbered);
                return;
            }

            var found = await _store.FindAsync(Run.Caller.Owner.Partition, Run.Id, cancellationToken);
            if (found is null || found.Epoch != Run.Epoch)
            {
                await _lost.CancelAsync();
                throw new LeaseLostException(Run.Id);
            }

            if (found.NextSequence != Run.NextSequence)
            {
                // Nobody else appends under a lease, so these are our own and only the answer was lost; or else all is.
                await AcceptLandedAsync(numbered, cancellationToken);
                return;
            }

            if (found.IsTerminal)
            {
                // Nobody else ends a run under a lease: what ended it is ours, and only the answer was lost.
                Accept(found, []);
                return;
            }

            // The quota too, which is the lease's own: where an answer was lost, what the run has used is accounted for.
            Run = Run with
            {
                ETag = found.ETag,
                CancelRequested = found.CancelRequested,
                SuspendRequested = found.SuspendRequested,
                DecisionCount = found.DecisionCount,
                Quota = found.Quota,
            };
            await Task.Delay(Pause, _time, cancellationToken);
        }
    }

    private async Task AcceptLandedAsync(List<JournalEntry> entries, CancellationToken cancellationToken)
    {
        var loaded = await _store.LoadAsync(Run.Caller.Owner.Partition, Run.Id, cancellationToken);
        if (loaded is not var (run, found) || run.Epoch != Run.Epoch || !entries.AreAmong(found))
        {
            await _lost.CancelAsync();
            throw new LeaseLostException(Run.Id);
        }

        Accept(run, entries);
    }

    private void Accept(Run stored, List<JournalEntry> entries)
    {
        Run = stored;
        entries.ForEach(Transcript.Add);
        if (!stored.IsTerminal && stored.LeaseUntil > _time.GetUtcNow())
        {
            _lost.CancelAfter(TimeLeft(stored));
        }
    }

    private async Task RenewAsync()
    {
        using var timer = new PeriodicTimer(_options.LeaseRenewal, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_disposed.Token))
            {
                // A commit may have renewed it just now; half an interval, because ticks and commits are never exact.
                var age = _options.Lease - (Run.LeaseUntil - _time.GetUtcNow());
                if (!_options.LoseLeaseRenewals && age >= _options.LeaseRenewal / 2 && !Run.IsTerminal && !Lost.IsCancellationRequested)
                {
                    await TryRenewAsync();
                }
            }
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested || Lost.IsCancellationRequested)
        {
            // The driver is done, or has to be: either way there is nothing left to renew.
        }
    }

    private async Task TryRenewAsync()
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_disposed.Token, Lost);
        try
        {
            await UpdateAsync(run => run.IsTerminal || run.LeaseUntil <= _time.GetUtcNow() ? null : Renewed(run), [], either.Token);
        }
        catch (LeaseLostException)
        {
            LogLost(Run.Id, Run.Epoch);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !either.IsCancellationRequested)
        {
            // Whatever storage and its client throw, also while the driver is done: the next tick, if there is one, tries again, and
            // Lost is cancelled before the lease ends.
            LogRenewalFailed(Run.Id, Run.Epoch, failure.GetType().FullName);
        }
    }

    private TimeSpan TimeLeft(Run run)
    {
        var left = run.LeaseUntil - _options.LeaseMargin - _time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    [LoggerMessage(1001, LogLevel.Warning, "Run {RunId}: another driver took over from epoch {Epoch}")]
    private partial void LogLost(string runId, int epoch);

    [LoggerMessage(1002, LogLevel.Warning, "Run {RunId}, epoch {Epoch}: the lease could not be renewed ({ExceptionType})")]
    private partial void LogRenewalFailed(string runId, int epoch, string? exceptionType);
}
