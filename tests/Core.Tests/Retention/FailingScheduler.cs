using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Tests.Retention;

/// <summary>Fails where durable history is to be purged: in the middle of a deletion.</summary>
internal sealed class FailingScheduler : IRunScheduler
{
    public Task ScheduleAsync(string instanceId, RunTicket run, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ScheduleCallbackAsync(CallbackTicket callback, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task WakeAsync(string instanceId, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken) => throw new TimeoutException();
}
