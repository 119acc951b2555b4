using System.Text;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Approvals;

/// <summary>The pending approvals as a run's row holds them, so that no commit protects and stores them again unchanged.</summary>
/// <param name="Approvals">What is stored.</param>
/// <param name="Value">The row's property; null for one that never had any.</param>
/// <param name="ReplacedBlobs">
/// The blobs that earlier values referred to, a line each. They are removed with the run and not before: whoever has just
/// read the row may still be about to read them.
/// </param>
internal sealed record StoredApprovals(IReadOnlyList<PendingApproval> Approvals, byte[]? Value, string ReplacedBlobs)
{
    public static readonly StoredApprovals None = new([], Value: null, "");

    public bool Holds(IReadOnlyList<PendingApproval> approvals) => Approvals.SequenceEqual(approvals);

    public StoredApprovals Replace(IReadOnlyList<PendingApproval> approvals, byte[] value) => new(
        approvals, value, Value is { } old && ContentVault.IsReference(old) ? $"{ReplacedBlobs}\n{Encoding.UTF8.GetString(old.AsSpan(1))}" : ReplacedBlobs);
}
