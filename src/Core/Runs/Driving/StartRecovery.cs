using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Runs.Driving;

/// <summary>Sees to it that a run has a driver: what a start has left whose answer was lost, and what a repeat of a request finds.</summary>
internal sealed class StartRecovery(RunStore store, OverdueRuns overdue, IRunScheduler scheduler, TimeProvider time)
{
    /// <summary>Schedules the orchestration of a run that has not ended: one that is there already goes on, and looks at once.</summary>
    /// <returns>The run as it is, ended where it is overdue.</returns>
    public async Task<Run> EnsureDrivenAsync(Run run, CancellationToken cancellationToken)
    {
        run = await overdue.EndAsync(run, cancellationToken);
        await ScheduleAsync(run, cancellationToken);
        return run;
    }

    /// <summary>The same for a run that was not opened.</summary>
    public async Task EnsureDrivenAsync(RunHead run, CancellationToken cancellationToken) =>
        await ScheduleAsync(await overdue.EndAsync(run, cancellationToken), cancellationToken);

    private async Task ScheduleAsync(RunHead run, CancellationToken cancellationToken)
    {
        // One that somebody drives has a backup, an orchestration or a message, which is not due yet.
        if (!run.IsTerminal && run.LeaseUntil <= time.GetUtcNow())
        {
            await scheduler.ScheduleAsync(run.Driver, new RunReference(run.Caller.Owner.Partition, run.Id), cancellationToken);
            await scheduler.WakeAsync(run.Driver, cancellationToken);
        }
    }

    /// <summary>Looks at a start that was written down.</summary>
    /// <returns>When to look again; null when nothing is left to do for it.</returns>
    public async Task<DateOnly?> LookAsync(DueItem item, CancellationToken cancellationToken)
    {
        if (await store.FindHeadAsync(item.Partition, item.About, cancellationToken) is { } run)
        {
            await EnsureDrivenAsync(run, cancellationToken);
            return null;
        }

        // Not there: refused after all, or still on its way. After a day nothing is on its way any more.
        return DueItem.DayOf(time.GetUtcNow()) > item.LookOn.AddDays(1) ? null : item.LookOn;
    }
}
