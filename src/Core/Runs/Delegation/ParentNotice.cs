using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;

namespace Yggdrasil.Runs.Delegation;

/// <summary>Wakes the run that waits for a child when that has ended.</summary>
internal sealed class ParentNotice(RunStore store, IRunScheduler scheduler) : INoticeDelivery
{
    private const string Name = "parent";

    public string Kind => Name;

    public static RunNotice For(Run parent) => new(Name, parent.Id);

    public async Task DeliverAsync(RunHead ended, string target, CancellationToken cancellationToken)
    {
        if (await store.FindDriverAsync(ended.Caller.Owner.Partition, target, cancellationToken) is { } driver)
        {
            await scheduler.WakeAsync(driver, cancellationToken);
        }
    }
}
