using Yggdrasil.Problems;
using Yggdrasil.Runs;

namespace Yggdrasil.Limits;

/// <summary>Sees to it, before each model call, that the owner's budget has room for it.</summary>
internal sealed class RunBudget(UserLimits limits, CallEstimator estimator)
{
    /// <summary>Reserves what the run's next call may use, unless that is reserved already.</summary>
    /// <exception cref="QuotaExceededException">The budget does not allow it: the run must end before the call.</exception>
    public async ValueTask ReserveAsync(IRunJournal journal, CancellationToken cancellationToken)
    {
        var run = journal.Run;
        var bounds = await limits.FindAsync(run.Caller.Owner, run.AgentId, cancellationToken);
        if (bounds.HasBudget)
        {
            await journal.ReserveAsync(estimator.OfNext(run, journal.Transcript, bounds), cancellationToken);
        }
    }
}
