using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Requests;

/// <summary>Cancels, suspends, resumes and deletes runs.</summary>
/// <remarks>
/// <code>
///                   somebody drives it                        nobody does
///   cancel          flag; the driver stops what is in flight  ended here
///   suspend         flag; the driver ends its step            flag, suspended at once
///   resume          flag taken back                           flag taken back, orchestration woken
/// </code>
/// Flags are merged into the run's row under its version, so none overwrites what a driver writes, and a driver notices at
/// its next write. The wake-up only makes it faster: one that is lost is made up for by the orchestration's own re-check.
/// </remarks>
public sealed class RunControl
{
    private readonly RunStore _store;
    private readonly RunRemoval _removal;
    private readonly RunWakeUp _wakeUp;
    private readonly OverdueRuns _overdue;
    private readonly Contention _contention;
    private readonly TimeProvider _time;

    internal RunControl(RunStore store, RunRemoval removal, RunWakeUp wakeUp, OverdueRuns overdue, Contention contention, TimeProvider time) =>
        (_store, _removal, _wakeUp, _overdue, _contention, _time) = (store, removal, wakeUp, overdue, contention, time);

    /// <summary>Cancels a run; one that has ended stays as it is.</summary>
    /// <returns>The run, and whether it had not ended before.</returns>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    public Task<(Run Run, bool Accepted)> CancelAsync(Scope scope, string runId, CancellationToken cancellationToken)
    {
        return _contention.RetryAsync("The run", AttemptAsync, cancellationToken);

        async Task<(Run Run, bool Accepted)> AttemptAsync()
        {
            var run = await RequireAsync(scope, runId, cancellationToken);
            if (run.IsTerminal)
            {
                return (run, Accepted: false);
            }

            var changed = IsDriven(run)
                ? run.CancelRequested ? run : await _store.FlagAsync(run, cancel: true, run.SuspendRequested, status: null, cancellationToken)
                : await EndAsync(run, cancellationToken);
            await _wakeUp.TellAsync(runId, (changed ?? throw new ContendedException()).Driver, cancellationToken);
            return (changed, Accepted: true);
        }
    }

    /// <summary>Suspends a run once the step in flight is recorded; from then on it costs nothing until it is resumed.</summary>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    public Task<Run> SuspendAsync(Scope scope, string runId, CancellationToken cancellationToken) =>
        FlagAsync(scope, runId, suspend: true, _ => RunStatus.Suspended, cancellationToken);

    /// <summary>Lets a suspended run go on; one that is not suspended goes on anyway.</summary>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    /// <exception cref="ConflictException">The run has ended.</exception>
    public Task<Run> ResumeAsync(Scope scope, string runId, CancellationToken cancellationToken) =>
        FlagAsync(
            scope,
            runId,
            suspend: false,
            run => run.Status != RunStatus.Suspended ? run.Status
                : run.Awaited.Count > 0 ? RunStatus.Waiting
                : run.StartedAt is null ? RunStatus.Queued
                : RunStatus.Running,
            cancellationToken);

    /// <summary>Deletes a run that has ended: its content at once, its durable history as soon as that has ended too.</summary>
    /// <exception cref="NotFoundException">There is no such run in this scope.</exception>
    /// <exception cref="ConflictException">The run has not ended, or belongs to a conversation.</exception>
    public async Task DeleteAsync(Scope scope, string runId, CancellationToken cancellationToken)
    {
        if (Ids.IsValid(runId)
            && await _removal.CompleteAsync(scope.Owner.Partition, runId, cancellationToken) is { WasLeft: true })
        {
            // An earlier request had deleted the run but not all that belonged to it.
            return;
        }

        var run = await _overdue.EndAsync(await RequireAsync(scope, runId, cancellationToken), cancellationToken);
        if (run.ConversationId is not null)
        {
            throw new ConflictException("The run is part of a conversation; delete the conversation.", "part_of_conversation");
        }

        if (!run.IsTerminal)
        {
            throw new ConflictException("The run has not ended; cancel it first.");
        }

        await _removal.DeleteAsync(run, cancellationToken);
    }

    private Task<Run> FlagAsync(Scope scope, string runId, bool suspend, Func<Run, RunStatus> statusOf, CancellationToken cancellationToken)
    {
        return _contention.RetryAsync("The run", AttemptAsync, cancellationToken);

        async Task<Run> AttemptAsync()
        {
            var run = await RequireAsync(scope, runId, cancellationToken);
            if (run.IsTerminal)
            {
                throw new ConflictException($"The run has ended as {run.Status.ToString().ToLowerInvariant()}.");
            }

            RunStatus? status = IsDriven(run) ? null : statusOf(run);
            var changed = run.SuspendRequested == suspend && (status is null || status == run.Status)
                ? run
                : await _store.FlagAsync(run, run.CancelRequested, suspend, status, cancellationToken);

            // Also when nothing changed: the wake-up of an earlier request may have been lost.
            await _wakeUp.TellAsync(runId, (changed ?? throw new ContendedException()).Driver, cancellationToken);
            return changed;
        }
    }

    /// <summary>Ends a run that nobody drives. Whoever is about to take its lease meanwhile is refused, or is the reason to look again.</summary>
    private async Task<Run?> EndAsync(Run run, CancellationToken cancellationToken)
    {
        if (await _store.LoadAsync(run.Caller.Owner.Partition, run.Id, cancellationToken) is not var (loaded, entries) || loaded.ETag != run.ETag)
        {
            return null;
        }

        var transcript = new Transcript([], entries);
        var cancelled = RunEnd.Of(loaded with { Epoch = loaded.Epoch + 1 }, transcript, StopReason.Cancelled, _time.GetUtcNow());
        return await _store.EndAsync(cancelled, transcript, cancellationToken);
    }

    private async Task<Run> RequireAsync(Scope scope, string runId, CancellationToken cancellationToken)
    {
        var run = Ids.IsValid(runId) ? await _store.FindAsync(scope.Owner.Partition, runId, cancellationToken) : null;
        AccessPolicy.Require(scope.Caller, RunAction.Control, run?.Caller.Owner, run?.AgentId, runId);
        return run!;
    }

    private bool IsDriven(Run run) => run.LeaseUntil > _time.GetUtcNow();
}
