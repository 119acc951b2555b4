using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Model;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What a run's start asks of its owner's quota.</summary>
internal sealed record QuotaStart(Run Run, QuotaBounds Bounds, QuotaAmount Need);

/// <summary>A change of an owner's quota, to be committed with the runs that cause it.</summary>
/// <param name="Next">The quota after it.</param>
/// <param name="Rows">The quota's own row first.</param>
internal sealed record QuotaChange(string Partition, QuotaState Next, IReadOnlyList<TableTransactionAction> Rows);

/// <summary>
/// The owner's quota in the transactions of the owner's runs: a start takes a slot and a reservation, an end gives both back
/// and accounts for what was used. Unlike other companions' rows, all runs of an owner change this one: so it is asked last, by
/// one transaction of an owner at a time, and for several starts at once.
/// </summary>
internal sealed class QuotaCompanion(QuotaLedger ledger, UserLimits limits, CallEstimator estimator, TimeProvider time)
{
    /// <summary>When a slot that is held is renewed: well before <see cref="QuotaState.Lifetime"/> ends, whatever clocks say.</summary>
    private static readonly TimeSpan RenewBefore = QuotaState.Lifetime / 2;

    public OwnerLocks Locks => ledger.Locks;

    public async Task<QuotaStart> PrepareAsync(Run run, IReadOnlyList<ChatMessage> input, CancellationToken cancellationToken)
    {
        var bounds = await limits.FindAsync(run.Caller, run.AgentId, cancellationToken);
        return new QuotaStart(run, bounds, estimator.OfStart(run, input, bounds));
    }

    /// <summary>What a run's next model call may use; null where no budget holds for it.</summary>
    public async ValueTask<QuotaAmount?> NeedOfNextCallAsync(Run run, Transcript transcript, CancellationToken cancellationToken)
    {
        var bounds = await limits.FindAsync(run.Caller, run.AgentId, cancellationToken);
        return bounds.HasBudget ? estimator.OfNext(run, transcript, bounds) : null;
    }

    /// <summary>Refuses a run that would be refused at its start, before anything is done for it.</summary>
    /// <exception cref="LimitException">There is no room for it.</exception>
    public async Task RequireRoomAsync(Run run, IReadOnlyList<ChatMessage> input, CancellationToken cancellationToken)
    {
        var start = await PrepareAsync(run, input, cancellationToken);
        var (_, refusal) = await ledger.DecideAsync(
            run.Caller.Owner.Partition, (state, now) => Admit(state, now, start).Refusal, refusal => refusal is not null, cancellationToken);
        if (refusal is not null)
        {
            throw refusal.ToException();
        }
    }

    /// <summary>Admits runs of one owner one after the other.</summary>
    /// <returns>What each of them came to, in their order; and the change, null where all are refused.</returns>
    public async Task<(IReadOnlyList<(Run? Run, LimitException? Refusal)> Starts, QuotaChange? Change)> OnStartsAsync(
        string partition, IReadOnlyList<QuotaStart> starts, CancellationToken cancellationToken)
    {
        var (before, (next, results)) = await ledger.DecideAsync(
            partition, (state, now) => AdmitAll(state, now, starts), decision => decision.Results.Any(result => result.Refusal is not null), cancellationToken);
        var change = results.All(result => result.Refusal is not null) ? null : Change(partition, before, next);
        return (results, change);
    }

    /// <summary>Whether a commit changes the owner's quota.</summary>
    public bool Concerns(Run next)
    {
        var now = time.GetUtcNow();
        if (next.IsTerminal || next.IsParked)
        {
            return next.Quota.IsHeld || next.Quota.Unaccounted(next.Usage.Amount) != default;
        }

        return next.QuotaRequest switch
        {
            { Call: not null } => true,
            { Call: null } => next.Quota.HeldUntil <= now + RenewBefore,
            null => next.Quota.IsHeld && next.LeaseUntil > now && next.Quota.HeldUntil <= now + RenewBefore,
        };
    }

    /// <summary>What goes with a commit that <see cref="Concerns"/> this.</summary>
    /// <exception cref="LimitException">The run asked for more than there is.</exception>
    public async Task<(Run Run, QuotaChange Change)> OnCommitAsync(Run next, CancellationToken cancellationToken)
    {
        var partition = next.Caller.Owner.Partition;
        var bounds = await limits.FindAsync(next.Caller, next.AgentId, cancellationToken);
        var (before, (state, run, refusal)) = await ledger.DecideAsync(
            partition, (state, now) => Decide(state, now, bounds, next), decision => decision.Refusal is not null, cancellationToken);
        return refusal is null ? (run, Change(partition, before, state)) : throw refusal.ToException();
    }

    public void Committed(QuotaChange change, ETag version) => ledger.Remember(change.Partition, change.Next, version);

    public void Forget(string partition) => ledger.Forget(partition);

    private static QuotaChange Change(string partition, KnownQuota before, QuotaState next) =>
        new(partition, next, QuotaRow.Write(partition, next, before.Version));

    private static (QuotaState Next, IReadOnlyList<(Run? Run, LimitException? Refusal)> Results) AdmitAll(
        QuotaState state, DateTimeOffset now, IReadOnlyList<QuotaStart> starts)
    {
        List<(Run?, LimitException?)> results = [];
        foreach (var start in starts)
        {
            (state, var refusal) = Admit(state, now, start);
            results.Add(refusal is null ? (Held(start.Run, state, default), null) : (null, refusal.ToException()));
        }

        return (state, results);
    }

    private static (QuotaState Next, QuotaRefusal? Refusal) Admit(QuotaState state, DateTimeOffset now, QuotaStart start) =>
        state.Admit(now, start.Bounds, start.Run.Id, start.Need, holds: !start.Run.IsEnqueued);

    private static (QuotaState Next, Run Run, QuotaRefusal? Refusal) Decide(QuotaState state, DateTimeOffset now, QuotaBounds bounds, Run run)
    {
        var used = run.Usage.Amount;
        var unaccounted = run.Quota.Unaccounted(used);
        QuotaRefusal? refusal = null;
        if (run.IsTerminal || run.IsParked)
        {
            state = state.Release(bounds, run.Id, unaccounted);
            return (state, run with { Quota = new RunQuota(used, default, DateTimeOffset.UnixEpoch) }, null);
        }

        switch (run.QuotaRequest)
        {
            case { Call: { } need }:
                (state, refusal) = state.Extend(now, bounds, run.Id, unaccounted, need);
                return (state, Held(run, state, used), refusal);
            case { Call: null }:
                (state, refusal) = state.Hold(now, bounds, run.Id);
                break;
            default:
                state = state.Refresh(now, bounds, run.Id);
                break;
        }

        return (state, Held(run, state, run.Quota.Accounted), refusal);
    }

    private static Run Held(Run run, QuotaState state, QuotaAmount accounted) => run with
    {
        Quota = state.Find(run.Id) is { } held
            ? new RunQuota(accounted, held.Amount, held.Until)
            : new RunQuota(accounted, default, DateTimeOffset.UnixEpoch),
    };
}
