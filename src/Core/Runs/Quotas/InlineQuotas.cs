using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Model;
using Yggdrasil.Users;

namespace Yggdrasil.Runs.Quotas;

/// <summary>Quotas of runs that have no row: those that live and die with their request.</summary>
internal sealed class InlineQuotas(QuotaLedger ledger, UserLimits limits, QuotaCompanion companion, TimeProvider time)
{
    /// <summary>Counts a run that is about to begin, and gives it a slot and a reservation.</summary>
    /// <returns>To be settled when the run has ended, however it did. Should that never happen, the reservation expires.</returns>
    /// <exception cref="LimitException">There is no room for it.</exception>
    public async Task<InlineReservation> AdmitAsync(Run run, IReadOnlyList<ChatMessage> input, CancellationToken cancellationToken)
    {
        var start = await companion.PrepareAsync(run, input, cancellationToken);
        var reservation = new InlineReservation(ledger, companion, limits, run, time);
        await reservation.ChangeAsync((state, now) => state.Admit(now, start.Bounds, run.Id, start.Need, holds: true), default, cancellationToken);
        return reservation;
    }
}
