using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Benchmarks;

/// <summary>Leaves runs to whoever measures them: nothing else drives them.</summary>
internal sealed class NoScheduler : IRunScheduler
{
    public Task ScheduleAsync(string instanceId, RunReference run, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task WakeAsync(string instanceId, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ScheduleCallbackAsync(CallbackReference callback, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken) => Task.FromResult(true);
}
