using Microsoft.Extensions.Logging;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Loop;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Store;
using Yggdrasil.Runs.Telemetry;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Driving;

/// <summary>Advances runs, one slice at a time, each under the run's lease.</summary>
public sealed partial class RunDriver
{
    // An orchestration is scheduled just before its run is committed, so it may look a moment too early.
    private static readonly TimeSpan CommitPatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    private readonly RunStore _store;
    private readonly ConversationQueue _conversationQueue;
    private readonly LeaseDriver _leases;
    private readonly ToolStep _tools;
    private readonly RunSignals _signals;
    private readonly DisabledUsers _disabled;
    private readonly RunOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RunDriver> _logger;

    internal RunDriver(
        RunStore store,
        ConversationQueue conversationQueue,
        LeaseDriver leases,
        ToolStep tools,
        RunSignals signals,
        DisabledUsers disabled,
        RunOptions options,
        TimeProvider time,
        ILogger<RunDriver> logger)
    {
        (_store, _conversationQueue, _leases, _tools, _signals, _disabled) = (store, conversationQueue, leases, tools, signals, disabled);
        (_options, _time, _logger) = (options, time, logger);
    }

    /// <summary>Drives the run for one slice, if it is there to be driven.</summary>
    /// <param name="driver">The orchestration instance that asks.</param>
    /// <param name="stopping">The host shuts down: a step that can be repeated is given up, the lease is given back.</param>
    public async Task<SliceOutcome> AdvanceAsync(RunReference reference, string driver, CancellationToken stopping)
    {
        // A backup mostly finds its run ended: that takes its row, and not a journal with everything that was said.
        if (driver != Ids.Driver(reference.RunId, afterEpoch: 0)
            && await _store.FindHeadAsync(reference.Partition, reference.RunId, stopping) is { IsTerminal: true } ended)
        {
            return SliceOutcome.Ended(ended);
        }

        if (await FindCommittedAsync(reference, stopping) is not var (run, entries))
        {
            return SliceOutcome.Missing;
        }

        if (run.IsTerminal)
        {
            return SliceOutcome.Ended(run);
        }

        if (run.Driver != driver)
        {
            // The holder schedules its successor just before it names it, and a fast one may look between the two.
            var isBeingNamed = driver == Ids.Driver(run.Id, run.Epoch + 1) && run.LeaseUntil > _time.GetUtcNow();
            return isBeingNamed ? SliceOutcome.Parked(run.LeaseUntil) : SliceOutcome.Superseded;
        }

        if (run.LeaseUntil > _time.GetUtcNow())
        {
            return SliceOutcome.Parked(run.LeaseUntil);
        }

        var now = _time.GetUtcNow();
        (run, var until) = await _conversationQueue.TakeAsync(run, now, stopping);
        if (until is not null)
        {
            return SliceOutcome.Parked(until.Value);
        }

        var approvals = new ApprovalState(run, entries, now);
        if (!run.CancelRequested && now < run.Deadline && await ParkAsync(run, entries, approvals, stopping) is { } parked)
        {
            return parked;
        }

        try
        {
            // A run that is driven to its end only needs no slot among those that go on.
            var isToEnd = run.CancelRequested || _time.GetUtcNow() >= run.Deadline;
            return await TakeLeaseAsync(run, entries, isToEnd ? null : QuotaRequest.Slot, stopping) is { } lease
                ? await _leases.DriveAsync(lease, new Slice(_options.Slice, _time, stopping, lease.Lost), handsOver: false)
                : SliceOutcome.Parked(_time.GetUtcNow() + _options.Lease);
        }
        catch (TooManyConcurrentRunsException full)
        {
            var again = _time.GetUtcNow() + full.RetryAfter;
            return SliceOutcome.Parked(again < run.Deadline ? again : run.Deadline);
        }
    }

    /// <summary>The outcome for a run that is not to be driven now, at the price of having read it; null for all others.</summary>
    private async Task<SliceOutcome?> ParkAsync(
        Run run, IReadOnlyList<JournalEntry> entries, ApprovalState approvals, CancellationToken cancellationToken)
    {
        if (run.SuspendRequested)
        {
            // Also a run whose driver died before it could say so. A null means that somebody resumed it or decided meanwhile.
            var suspended = run with { Status = RunStatus.Suspended, LeaseUntil = DateTimeOffset.UnixEpoch };
            return run is { Status: RunStatus.Suspended, IsParked: true } || await _store.CommitAsync(suspended, [], cancellationToken) is not null
                ? SliceOutcome.Parked(run.Deadline)
                : SliceOutcome.Yielded;
        }

        if (approvals.IsExpired)
        {
            // In one commit with the version that was read: a decision that came in time has changed it.
            var transcript = new Transcript([], entries);
            var expired = RunEnd.Of(run with { Epoch = run.Epoch + 1 }, transcript, StopReason.ApprovalExpired, _time.GetUtcNow());
            return await _store.EndAsync(expired, transcript, cancellationToken) is { } ended
                ? SliceOutcome.Ended(ended)
                : SliceOutcome.Yielded;
        }

        return run.Status == RunStatus.Waiting && approvals.WaitsUntil is { } until ? SliceOutcome.Parked(until)
            : run.NotBefore > _time.GetUtcNow() ? SliceOutcome.Parked(run.NotBefore.Value)
            : null;
    }

    /// <summary>Makes one distributed tool call and records its result. A repeated delivery finds what the first recorded.</summary>
    /// <returns>The run that the call is, where it is one: recorded, and to be started now.</returns>
    public async Task<DelegatedCall?> RunToolAsync(RunReference reference, string callId, CancellationToken stopping)
    {
        // An attempt that another delivery has begun is waited for: its result is worth more than "outcome unknown".
        while (await SharedRunJournal.LoadAsync(_store, reference, _options.Slice, _time, stopping) is { } journal
            && !journal.Run.IsTerminal && !journal.Run.CancelRequested
            && journal.Transcript.PendingCalls.FirstOrDefault(call => call.CallId == callId) is { } pending)
        {
            if (pending.Intent?.UnknownAfter is { } until && until > _time.GetUtcNow())
            {
                await WaitForResultAsync(reference, journal.Run.NextSequence, until, stopping);
                continue;
            }

            using var slice = new Slice(_options.Slice, _time, stopping, CancellationToken.None);
            await using var watch = new CancelWatch(_store, _disabled, reference, _signals, slice, _time, _logger);
            try
            {
                return await _tools.RunAsActivityAsync(journal, pending, slice);
            }
            catch (OperationCanceledException) when (slice.IsCancelled)
            {
                // The next slice ends the run, unless the request that cancelled it has done so.
                return null;
            }
            catch (LeaseLostException)
            {
                LogOvertaken(reference.RunId, callId);
                if (slice.IsOver)
                {
                    // The next slice looks after the call.
                    return null;
                }
            }
        }

        return null;
    }

    /// <summary>Waits until the journal has grown, the run is to stop, or the time has come. Reads the plain row alone: an attempt may take long.</summary>
    private async Task WaitForResultAsync(RunReference reference, long nextSequence, DateTimeOffset until, CancellationToken cancellationToken)
    {
        do
        {
            await Task.Delay(LongestPause, _time, cancellationToken);
        }
        while (_time.GetUtcNow() < until
            && await _store.FindProgressAsync(reference.Partition, reference.RunId, cancellationToken) is { IsTerminal: false, CancelRequested: false } progress
            && progress.NextSequence == nextSequence);
    }

    /// <summary>Records that the run cannot go on, after the last attempt at a slice, so that it does not hang without an end.</summary>
    public async Task<SliceOutcome> FailAsync(RunReference reference, string errorId, CancellationToken stopping)
    {
        var error = new RunError("internal_error", $"The run could not go on ({errorId}).");
        try
        {
            return await EndAsync(reference, error, errorId, stopping);
        }
        catch (ContentProtectionException)
        {
            return await EndUnreadAsync(reference, RunError.ContentUnreadable, errorId, stopping);
        }
        catch (Exception failure) when (!StorageOutage.Is(failure) && failure is not OperationCanceledException)
        {
            // What a newer version has written, for one: this attempt would fail again, for as long as attempts last.
            return await EndUnreadAsync(reference, error, errorId, stopping);
        }
    }

    /// <summary>Ends a run as failed, with what it had said by then.</summary>
    private async Task<SliceOutcome> EndAsync(RunReference reference, RunError error, string errorId, CancellationToken stopping)
    {
        if (await _store.LoadAsync(reference.Partition, reference.RunId, stopping) is not var (run, entries))
        {
            return SliceOutcome.Finished;
        }

        var now = _time.GetUtcNow();
        if (run.IsTerminal || run.LeaseUntil > now)
        {
            return run.IsTerminal ? SliceOutcome.Ended(run) : SliceOutcome.Parked(run.LeaseUntil);
        }

        // Without a lease, which would outlast an attempt that fails: the version of the row and the next epoch keep others out.
        var transcript = new Transcript([], entries);
        var failed = RunEnd.Of(run with { Epoch = run.Epoch + 1 }, transcript, StopReason.InternalError, now, error);
        if (await _store.EndAsync(failed, transcript, stopping) is not { } ended)
        {
            return SliceOutcome.Yielded;
        }

        LogFailed(reference.RunId, errorId);
        return SliceOutcome.Ended(ended);
    }

    /// <summary>Ends a run by what its row says without being opened.</summary>
    private async Task<SliceOutcome> EndUnreadAsync(RunReference reference, RunError error, string errorId, CancellationToken stopping)
    {
        var outcome = await _store.EndUnreadAsync(reference.Partition, reference.RunId, error, _time.GetUtcNow(), stopping);
        if (outcome.End == SliceEnd.Finished)
        {
            LogFailed(reference.RunId, errorId);
        }

        return outcome;
    }

    /// <exception cref="TooManyConcurrentRunsException">It asked for a slot, and there is none.</exception>
    private async Task<RunLease?> TakeLeaseAsync(
        Run run, IReadOnlyList<JournalEntry> entries, QuotaRequest? ask, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var settled = new ApprovalState(run, entries, now);
        var decided = settled.Settled.Numbered(run.NextSequence);
        var taken = settled.Apply(run) with
        {
            Status = RunStatus.Running,
            StartedAt = run.StartedAt ?? now,
            Epoch = run.Epoch + 1,
            LeaseUntil = now + _options.Lease,
            NotBefore = null,
            QuotaRequest = ask,
        };
        var stored = await _store.CommitAsync(taken, decided, cancellationToken);
        if (stored is null)
        {
            return null;
        }

        RunMetrics.TakenUp(entries);
        return new RunLease(_store, stored, [.. entries, .. decided], _options, _time, _logger)
        {
            DecisionsSeen = stored.DecisionCount - settled.Remaining,
        };
    }

    private async Task<(Run Run, IReadOnlyList<JournalEntry> Entries)?> FindCommittedAsync(RunReference reference, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var pause = TimeSpan.FromMilliseconds(25);
        while (true)
        {
            if (await _store.LoadAsync(reference.Partition, reference.RunId, cancellationToken) is { } found)
            {
                return found;
            }

            if (_time.GetElapsedTime(started) >= CommitPatience)
            {
                return null;
            }

            await Task.Delay(pause, _time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    [LoggerMessage(1011, LogLevel.Information, "Run {RunId}: another delivery of call {CallId} was faster")]
    private partial void LogOvertaken(string runId, string callId);

    [LoggerMessage(1010, LogLevel.Error, "Run {RunId} was ended as failed after its last attempt: {ErrorId}")]
    private partial void LogFailed(string runId, string errorId);
}
