using System.Text;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Approvals;

/// <summary>The pending approvals as a run's row holds them, so that no commit protects and stores them again unchanged.</summary>
/// <param name="Approvals">What is stored.</param>
/// <param name="Value">The row's property; null for one that never had any.</param>
/// <param name="ReplacedBlobs">
/// The blobs that earlier values referred to, a line each. They are removed with the run and not at once: whoever has just
/// read the row may still be about to read them. Of a run that asks very often the first go before that.
/// </param>
internal sealed record StoredApprovals(IReadOnlyList<PendingApproval> Approvals, byte[]? Value, string ReplacedBlobs)
{
    /// <summary>Characters: half of what a property of a row takes. No reader is so slow that the first of as many blobs is still its own.</summary>
    private const int MaxReplaced = 16 * 1024;

    public static readonly StoredApprovals None = new([], Value: null, "");

    public bool Holds(IReadOnlyList<PendingApproval> approvals) => Approvals.SequenceEqual(approvals);

    /// <returns>What is stored next, and the blobs that it does not name any more, to be removed.</returns>
    public (StoredApprovals Next, IReadOnlyList<string> Forgotten) Replace(IReadOnlyList<PendingApproval> approvals, byte[] value)
    {
        if (Value is not { } old || !ContentVault.IsReference(old))
        {
            return (this with { Approvals = approvals, Value = value }, []);
        }

        var names = new Queue<string>(Names(ReplacedBlobs).Append(Encoding.UTF8.GetString(old.AsSpan(1))));
        var length = names.Sum(name => name.Length + 1);
        List<string> forgotten = [];
        while (length > MaxReplaced)
        {
            forgotten.Add(names.Dequeue());
            length -= forgotten[^1].Length + 1;
        }

        return (new(approvals, value, string.Join('\n', names)), forgotten);
    }

    /// <summary>The names of blobs in <paramref name="replacedBlobs"/>.</summary>
    public static string[] Names(string? replacedBlobs) => replacedBlobs?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
}
