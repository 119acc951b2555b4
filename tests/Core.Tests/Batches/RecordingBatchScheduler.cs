using System.Collections.Concurrent;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

/// <summary>Remembers which batches were scheduled, too.</summary>
internal sealed class RecordingBatchScheduler : RecordingScheduler, IBatchScheduler
{
    /// <summary>What an orchestration does that begins before its scheduling has returned.</summary>
    public Func<BatchTicket, Task> OnBatchScheduled { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<BatchTicket> Batches { get; } = new();

    public Task ScheduleAsync(BatchTicket batch, CancellationToken cancellationToken)
    {
        Batches.Enqueue(batch);
        return OnBatchScheduled(batch);
    }
}
