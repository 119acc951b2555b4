using Yggdrasil.Runs.Model;

namespace Yggdrasil.Work.Batches;

/// <summary>Names a batch to its orchestration: ids only.</summary>
/// <param name="Partition">The owner's partition.</param>
/// <param name="Round">An orchestration of an earlier round ends itself.</param>
public sealed record BatchReference(string Partition, string BatchId, int Round)
{
    /// <summary>
    /// How long after an orchestration was scheduled what it is to drive may be committed: well within the half minute for which it
    /// waits for that.
    /// </summary>
    internal static readonly TimeSpan CommitPatience = TimeSpan.FromSeconds(15);
}

public enum BatchSliceEnd
{
    /// <summary>Nothing is left to do.</summary>
    Finished,

    /// <summary>No such batch, or no such round of it: it was never committed, or has not been yet.</summary>
    Missing,

    /// <summary>Nothing can be done before <see cref="BatchOutcome.Until"/> or a wake-up.</summary>
    Parked,

    /// <summary>The slice used its budget; there is more to do.</summary>
    Yielded,
}

/// <summary>How a slice of a batch ended. Flat, because Durable Functions serializes it.</summary>
public sealed record BatchOutcome(BatchSliceEnd End, DateTimeOffset? Until = null)
{
    internal static readonly BatchOutcome Finished = new(BatchSliceEnd.Finished);
    internal static readonly BatchOutcome Missing = new(BatchSliceEnd.Missing);
    internal static readonly BatchOutcome Yielded = new(BatchSliceEnd.Yielded);

    internal static BatchOutcome Parked(DateTimeOffset until) => new(BatchSliceEnd.Parked, until);
}

/// <summary>Starts the orchestrations that drive batches, beside those of runs.</summary>
public interface IBatchScheduler : IRunScheduler
{
    /// <summary>Schedules the orchestration of a batch's round. One that has not ended counts as success; one that has is replaced.</summary>
    Task ScheduleAsync(BatchReference batch, CancellationToken cancellationToken);
}
