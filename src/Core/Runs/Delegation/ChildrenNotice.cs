using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Requests;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Delegation;

/// <summary>Cancels the children of a run that has ended without waiting for them: nobody would see their answers.</summary>
/// <remarks>Each child does the same for its own when it ends. Runs of agents without agents among their tools have no such notice.</remarks>
internal sealed class ChildrenNotice(RunStore store, RunControl control) : INoticeDelivery
{
    private const string Name = "children";

    public string Kind => Name;

    /// <summary>The notice of runs that may have children.</summary>
    public static IEnumerable<RunNotice> Of(AgentDefinition agent) =>
        agent.Tools.Any(DelegateNames.IsDelegate) ? [new RunNotice(Name, "")] : [];

    public async Task DeliverAsync(RunHead ended, string target, CancellationToken cancellationToken)
    {
        var scope = AccessPolicy.ScopeOf(ended.Caller, userId: null);
        foreach (var child in await store.FindChildrenAsync(ended.Caller.Owner.Partition, ended.Id, cancellationToken))
        {
            try
            {
                await control.CancelAsync(scope, child, cancellationToken);
            }
            catch (NotFoundException)
            {
                // Never started, or deleted.
            }
        }
    }
}
