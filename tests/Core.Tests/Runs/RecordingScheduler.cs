using System.Collections.Concurrent;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Model;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Runs;

/// <summary>Remembers what was scheduled and woken.</summary>
internal sealed class RecordingScheduler : IBatchScheduler
{
    /// <summary>What an orchestration does that begins before its scheduling has returned.</summary>
    public Func<string, RunReference, Task> OnScheduled { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>What becomes of a wake-up.</summary>
    public Func<string, Task> OnWoken { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<string> Woken { get; } = new();

    public ConcurrentQueue<(string InstanceId, RunReference Run)> Scheduled { get; } = new();

    public Task ScheduleAsync(string instanceId, RunReference run, CancellationToken cancellationToken)
    {
        Scheduled.Enqueue((instanceId, run));
        return OnScheduled(instanceId, run);
    }

    /// <summary>As <see cref="OnScheduled"/>, of a batch.</summary>
    public Func<BatchReference, Task> OnBatchScheduled { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<BatchReference> Batches { get; } = new();

    public Task ScheduleAsync(BatchReference batch, CancellationToken cancellationToken)
    {
        Batches.Enqueue(batch);
        return OnBatchScheduled(batch);
    }

    public ConcurrentQueue<CallbackReference> Callbacks { get; } = new();

    public Task ScheduleCallbackAsync(CallbackReference callback, CancellationToken cancellationToken)
    {
        Callbacks.Enqueue(callback);
        return Task.CompletedTask;
    }

    public Task WakeAsync(string instanceId, CancellationToken cancellationToken)
    {
        Woken.Enqueue(instanceId);
        return OnWoken(instanceId);
    }

    public ConcurrentQueue<string> Purged { get; } = new();

    /// <summary>Which orchestrations cannot be purged yet; it may fail, as a backend does.</summary>
    public Func<string, bool> IsRunning { get; set; } = _ => false;

    public Task<bool> PurgeAsync(string instanceId, CancellationToken cancellationToken)
    {
        if (IsRunning(instanceId))
        {
            return Task.FromResult(false);
        }

        Purged.Enqueue(instanceId);
        return Task.FromResult(true);
    }
}
