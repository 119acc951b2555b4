using Yggdrasil.Limits;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What a run holds of its owner's quota. Stored in the run's row and changed in the same transaction as the quota.</summary>
/// <param name="Accounted">What of the run's use is in the owner's day already.</param>
/// <param name="Reserved">What it may use beyond that, until <paramref name="HeldUntil"/>.</param>
/// <param name="HeldUntil">Until when its slot and reservation hold; <see cref="DateTimeOffset.UnixEpoch"/> where it has none.</param>
public readonly record struct RunQuota(QuotaAmount Accounted, QuotaAmount Reserved, DateTimeOffset HeldUntil)
{
    public bool IsHeld => HeldUntil > DateTimeOffset.UnixEpoch;

    /// <summary>What of <paramref name="used"/> is not in the owner's day yet.</summary>
    internal QuotaAmount Unaccounted(QuotaAmount used) => used - Accounted;

    /// <summary>Whether a call may be made without asking the owner's quota.</summary>
    internal bool Covers(QuotaAmount used, QuotaAmount need, DateTimeOffset now) =>
        now < HeldUntil && Reserved.Covers(Unaccounted(used) + need);
}

/// <summary>What a run asks of its owner's quota with a commit.</summary>
/// <param name="Call">What its next model call may use; null for a slot only.</param>
public sealed record QuotaRequest(QuotaAmount? Call)
{
    /// <summary>A slot among the owner's concurrent runs, for one that goes on again.</summary>
    public static readonly QuotaRequest Slot = new(Call: null);
}
