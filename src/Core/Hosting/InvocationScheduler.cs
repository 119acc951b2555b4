using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Hosting;

/// <summary>The scheduler that the host gave to the invocation under way: what schedules and wakes is injected, and asks this one.</summary>
/// <remarks>
/// It belongs to whatever the invocation calls, and to the tasks that it starts, for as long as these go on. What is called back in another
/// invocation has to <see cref="Capture"/> it.
/// </remarks>
public sealed class InvocationScheduler : IBatchScheduler
{
    private static readonly AsyncLocal<IBatchScheduler?> Ambient = new();

    private static IBatchScheduler Current => Ambient.Value ?? throw new InvalidOperationException(
        "This invocation has no scheduler. The function that schedules, wakes or purges orchestrations needs a parameter with [DurableClient].");

    /// <summary>Gives <paramref name="invocation"/>, and all that it starts, a scheduler.</summary>
    public static async Task RunAsync(IBatchScheduler scheduler, Func<Task> invocation)
    {
        // It ends with this method: what an asynchronous method sets is not seen by who called it.
        Ambient.Value = scheduler;
        await invocation();
    }

    public IRunScheduler Capture() => Current.Capture();

    public Task ScheduleAsync(string instanceId, RunReference run, CancellationToken cancellationToken) =>
        Current.ScheduleAsync(instanceId, run, cancellationToken);

    public Task ScheduleAsync(BatchReference batch, CancellationToken cancellationToken) => Current.ScheduleAsync(batch, cancellationToken);

    public Task ScheduleCallbackAsync(CallbackReference callback, CancellationToken cancellationToken) =>
        Current.ScheduleCallbackAsync(callback, cancellationToken);

    public Task WakeAsync(string instanceId, CancellationToken cancellationToken) => Current.WakeAsync(instanceId, cancellationToken);

    public Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken) => Current.PurgeAsync(instanceId, cancellationToken);
}
