using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Approvals;

/// <summary>Where deciders find what waits for them: the seam between the loop and where that is kept.</summary>
internal interface IApprovalIndex
{
    /// <summary>Leads everybody who may decide to the run's calls. Done again, it changes nothing.</summary>
    Task AddAsync(Run run, IReadOnlyList<PendingApproval> approvals, CancellationToken cancellationToken);
}
