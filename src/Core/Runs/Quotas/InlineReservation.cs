using Yggdrasil.Foundation.Problems;
using Yggdrasil.Limits;
using Yggdrasil.Runs.Model;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Quotas;

/// <summary>The slot and the reservation of one inline run.</summary>
internal sealed class InlineReservation(QuotaLedger ledger, QuotaCompanion companion, UserLimits limits, Run run, TimeProvider time)
{
    private RunQuota _quota = new(default, default, DateTimeOffset.UnixEpoch);
    private bool _isSettled;

    /// <summary>Reserves what the next model call may use, unless that is reserved already.</summary>
    /// <param name="current">The run as it is now.</param>
    /// <exception cref="QuotaExceededException">The budget does not allow it.</exception>
    public async Task ReserveCallAsync(Run current, Transcript transcript, CancellationToken cancellationToken)
    {
        var used = current.Usage.Amount;
        if (await companion.NeedOfNextCallAsync(current, transcript, cancellationToken) is not { } need
            || _quota.Covers(used, need, time.GetUtcNow()))
        {
            return;
        }

        var bounds = await limits.FindAsync(run.Caller, run.AgentId, cancellationToken);
        await ChangeAsync(
            (state, now) => state.Extend(now, bounds, run.Id, _quota.Unaccounted(used), need), used, cancellationToken);
    }

    /// <summary>Accounts for what the run has used and gives back its slot. Further calls do nothing.</summary>
    public async Task SettleAsync(RunUsage used, CancellationToken cancellationToken)
    {
        if (!_isSettled)
        {
            var bounds = await limits.FindAsync(run.Caller, run.AgentId, cancellationToken);
            await ChangeAsync(
                (state, _) => (state.Release(bounds, run.Id, _quota.Unaccounted(used.Amount)), null), used.Amount, cancellationToken);
            _isSettled = true;
        }
    }

    internal async Task ChangeAsync(
        Func<QuotaState, DateTimeOffset, (QuotaState Next, QuotaRefusal? Refusal)> change, QuotaAmount accounted, CancellationToken cancellationToken)
    {
        var state = await ledger.ChangeAsync(run.Caller.Owner.Partition, run.Id, change, cancellationToken);
        var held = state.Find(run.Id);
        _quota = new RunQuota(accounted, held?.Amount ?? default, held?.Until ?? DateTimeOffset.UnixEpoch);
    }
}
