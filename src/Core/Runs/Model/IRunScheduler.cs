using Yggdrasil.Runs.Callbacks;

namespace Yggdrasil.Runs.Model;

/// <summary>Starts and wakes the orchestrations that drive runs: the seam between Core and Durable Functions.</summary>
/// <remarks>Injected where it is used. What it does, it does with the client of the invocation under way.</remarks>
public interface IRunScheduler
{
    /// <summary>Schedules an orchestration. One of that instance id which has not ended counts as success; one that has is replaced.</summary>
    Task ScheduleAsync(string instanceId, RunReference run, CancellationToken cancellationToken);

    /// <summary>Tells an orchestration to look at its run again. One that does not exist is no error: rows are the truth.</summary>
    Task WakeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>Schedules the delivery of a callback; one of the same message that has not ended counts as success.</summary>
    Task ScheduleCallbackAsync(CallbackReference callback, CancellationToken cancellationToken);

    /// <summary>Removes what is kept of an orchestration that has ended. One that has not, or does not exist, is left alone.</summary>
    /// <returns>Whether nothing of it is left.</returns>
    Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken);

    /// <summary>The scheduler of the invocation under way, for what another invocation, or none, will call later.</summary>
    IRunScheduler Capture() => this;
}
