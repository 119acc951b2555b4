using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Events;

namespace Yggdrasil.Runs.Model;

/// <summary>
/// The journal of one run in the hands of whoever drives it: the seam between the loop and where steps are kept.
/// </summary>
internal interface IRunJournal
{
    /// <summary>The run as last committed, with the newest flags seen.</summary>
    Run Run { get; }

    Transcript Transcript { get; }

    /// <summary>Who is told of the step in flight.</summary>
    ILiveEvents Live { get; }

    /// <summary>Whether the run can outlive whoever drives it, and so wait for a human or an activity.</summary>
    bool CanWait { get; }

    /// <summary>Records <paramref name="entries"/> and the run's new state, both or neither.</summary>
    /// <exception cref="LeaseLostException">Somebody else drives the run now; nothing was written.</exception>
    Task CommitAsync(Run next, IReadOnlyList<JournalEntry> entries, CancellationToken cancellationToken);

    /// <summary>A run that this one's call was made as; or, where there is none, whether there was one, which was deleted.</summary>
    Task<(Run? Run, bool WasDeleted)> FindChildAsync(string runId, CancellationToken cancellationToken);

    /// <summary>Reserves, of the owner's budget, what the next model call may use; writes nothing where that is reserved already.</summary>
    /// <exception cref="QuotaExceededException">The budget does not allow it; nothing was written.</exception>
    /// <exception cref="LeaseLostException">Somebody else drives the run now.</exception>
    Task ReserveCallAsync(CancellationToken cancellationToken);
}

/// <summary>The driver has lost the run's lease. It must stop at once and write nothing more.</summary>
public sealed class LeaseLostException(string runId) : Exception($"The lease of run {runId} was lost.");
