using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Store;

/// <summary>
/// A companion that several starts of one owner ask at once, because they share its rows: the starts into one conversation are one change
/// of it. Asked under the owner's lock, so that what it remembers is changed by nobody else in this process meanwhile.
/// </summary>
internal interface IStartingCompanion : IRunCompanion
{
    /// <summary>What goes with starts of one owner, made one after the other in their order.</summary>
    ValueTask<StartsTogether> OnStartsAsync(string partition, IReadOnlyList<Run> runs, CancellationToken cancellationToken);

    /// <summary>The transaction with these starts was committed.</summary>
    /// <param name="versions">The new versions of <see cref="StartsTogether.Rows"/>, in their order.</param>
    void Committed(StartsTogether starts, IReadOnlyList<ETag> versions);

    /// <summary>One of the rows is not as the companion believed, or it is not known whether they were written.</summary>
    void Forget(string partition, IEnumerable<Run> runs);
}

/// <summary>What becomes of starts that are made together.</summary>
/// <param name="Starts">What becomes of each, in their order.</param>
/// <param name="Rows">The changes that they share.</param>
/// <param name="State">The companion's own, for the call that follows.</param>
internal sealed record StartsTogether(IReadOnlyList<OneStart> Starts, IReadOnlyList<TableTransactionAction> Rows, object? State);

/// <summary>What becomes of one of them.</summary>
/// <param name="Run">As it is to be stored; null where it is not to be.</param>
/// <param name="Rows">The companion's rows of this start alone.</param>
/// <param name="Refusal">Why not; null for one that has to wait for the next transaction.</param>
internal readonly record struct OneStart(Run? Run, IReadOnlyList<TableTransactionAction> Rows, ProblemException? Refusal = null)
{
    public static OneStart Later => new(null, []);

    public static OneStart Refused(ProblemException why) => new(null, [], why);
}
