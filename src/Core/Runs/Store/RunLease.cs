using Microsoft.Extensions.Logging;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Runs.Store;

/// <summary>The right to drive a run, and its journal while that right lasts.</summary>
/// <remarks>
/// Writes renew the lease for free; between them a timer does. A driver that could not renew stops by itself before the lease
/// ends: <see cref="Lost"/>. What a driver writes after it lost the lease is refused by the table.
/// </remarks>
internal sealed partial class RunLease : IRunJournal, IAsyncDisposable
{
    private readonly RunStore _store;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _lost;
    private readonly CancellationTokenSource _disposed = new();
    private readonly Task _renewals;
    private readonly RunStream? _stream;
    private readonly JournalWriter _journal;

    /// <param name="run">The run as stored when this driver took its lease.</param>
    public RunLease(
        RunStore store, Run run, IReadOnlyList<JournalEntry> entries, RunOptions options, TimeProvider time, ILogger logger)
    {
        (_store, _options, _time, _logger) = (store, options, time, logger);
        _lost = new CancellationTokenSource(TimeLeft(run), time);
        _journal = new JournalWriter(store, run, entries, options.RowKnownFor, Renewed, Extend, _lost, time, logger);
        _stream = store.Streams?.Open(run, () => Run.NextSequence);
        _renewals = RenewAsync();
    }

    public Run Run => _journal.Run;

    public Transcript Transcript => _journal.Transcript;

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
        _journal.CommitAsync(_ => next.IsTerminal ? next : Renewed(next), entries, cancellationToken);

    public Task AppendAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken) =>
        _journal.AppendAsync(next, entries, cancellationToken);

    public async Task ReserveCallAsync(CancellationToken cancellationToken)
    {
        if (_journal.WaitsLong)
        {
            await _journal.CommitAsync(Renewed, [], cancellationToken);
        }

        if (await _store.NeedOfNextCallAsync(Run, Transcript, cancellationToken) is { } need
            && !Run.Quota.Covers(Run.Usage.Amount, need, _time.GetUtcNow()))
        {
            await _journal.CommitAsync(run => Renewed(run) with { QuotaAsk = new QuotaAsk(need) }, [], cancellationToken);
        }
    }

    /// <summary>Gives the run back, so that the next driver need not wait for the lease to end.</summary>
    /// <param name="status">Where the run stands meanwhile.</param>
    /// <param name="driver">The orchestration that takes over, where it is another one.</param>
    public Task ReleaseAsync(RunStatus status, string? driver, CancellationToken cancellationToken) =>
        _journal.CommitAsync(
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

        await _journal.DisposeAsync();
        _disposed.Dispose();
        _lost.Dispose();
    }

    private Run Renewed(Run run) => run with { LeaseUntil = _time.GetUtcNow() + _options.Lease };

    private void Extend(Run stored)
    {
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
            await _journal.CommitAsync(run => run.IsTerminal || run.LeaseUntil <= _time.GetUtcNow() ? null : Renewed(run), [], either.Token);
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
