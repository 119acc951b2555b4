using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Store;

/// <summary>
/// Rows of an owner that change together with one of the owner's runs, in the same transaction: the quota, a
/// conversation. There is no half-done state to repair: a start is refused and nothing is written, or all of it is.
/// </summary>
/// <remarks>
/// A companion may remember its rows between calls. When a transaction fails because of one of them, <see cref="Forget"/> is
/// called and the companion is asked again.
/// </remarks>
internal interface IRunCompanion
{
    /// <summary>What goes with a run's start.</summary>
    /// <exception cref="ProblemException">The run may not start.</exception>
    ValueTask<CompanionChange> OnStartAsync(Run run, CancellationToken cancellationToken);

    /// <summary>
    /// What goes with a commit, one that ends a run included where its journal is not known. <paramref name="next"/> tells
    /// whether the run has ended, or is being given back or taken.
    /// </summary>
    ValueTask<CompanionChange> OnCommitAsync(Run next, CancellationToken cancellationToken);

    /// <summary>What goes with the commit that ends a run, for companions that care for what happened in it.</summary>
    /// <param name="before">All that was committed before.</param>
    /// <param name="last">The entries that are committed with the end.</param>
    ValueTask<CompanionChange> OnEndAsync(
        Run ended, Transcript before, IReadOnlyList<JournalEntry> last, CancellationToken cancellationToken) =>
        OnCommitAsync(ended, cancellationToken);

    /// <summary>A transaction with the companion's rows was committed.</summary>
    /// <param name="versions">The new versions of these rows, in their order.</param>
    void Committed(Run run, IReadOnlyList<ETag> versions)
    {
    }

    /// <summary>One of its rows is not as the companion believed.</summary>
    void Forget(Run run)
    {
    }
}

/// <param name="Run">The run, with what the companion keeps on its row.</param>
/// <param name="Rows">The companion's own changes; most often none.</param>
internal readonly record struct CompanionChange(Run Run, IReadOnlyList<TableTransactionAction> Rows)
{
    public static CompanionChange None(Run run) => new(run, []);
}
