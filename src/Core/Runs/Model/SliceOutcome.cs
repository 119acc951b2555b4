namespace Yggdrasil.Runs.Model;

/// <summary>Names a run to a driver: the only thing durable history knows of its content.</summary>
/// <param name="Partition">The owner's partition.</param>
public sealed record RunReference(string Partition, string RunId);

public enum SliceEnd
{
    /// <summary>The run is terminal (or deleted): nothing is left to drive.</summary>
    Finished,

    /// <summary>No such run: its start was never committed, or has not been yet.</summary>
    Missing,

    /// <summary>Another orchestration drives this run: end.</summary>
    Superseded,

    /// <summary>Nothing can be done before <see cref="SliceOutcome.Until"/> or a wake-up.</summary>
    Parked,

    /// <summary>Tool calls are to be run as activities of their own.</summary>
    Distributed,

    /// <summary>The slice used its budget; the run goes on with the next one.</summary>
    Yielded,
}

/// <summary>How a slice ended. Flat, because Durable Functions serializes it: ids and times, never content.</summary>
/// <param name="Until">For <see cref="SliceEnd.Parked"/>: the latest time to look again.</param>
/// <param name="CallIds">For <see cref="SliceEnd.Distributed"/>: the calls to run.</param>
/// <param name="NextRun">For <see cref="SliceEnd.Finished"/>: the run of the same conversation that is to be woken.</param>
/// <param name="NoticesDue">For <see cref="SliceEnd.Finished"/>: whether somebody is still to learn that the run has ended.</param>
/// <param name="MayRepeat">For <see cref="SliceEnd.Parked"/>: whether the run may be parked many times one after the other, as those are that
/// wait for a slot; its orchestration begins a new history each time.</param>
public sealed record SliceOutcome(
    SliceEnd End,
    DateTimeOffset? Until = null,
    IReadOnlyList<string>? CallIds = null,
    string? NextRun = null,
    bool NoticesDue = false,
    bool MayRepeat = false)
{
    internal static readonly SliceOutcome Finished = new(SliceEnd.Finished);
    internal static readonly SliceOutcome Missing = new(SliceEnd.Missing);
    internal static readonly SliceOutcome Superseded = new(SliceEnd.Superseded);
    internal static readonly SliceOutcome Yielded = new(SliceEnd.Yielded);

    /// <summary>How a slice ends after which <paramref name="run"/> has ended.</summary>
    internal static SliceOutcome Ended(RunHead run) => Finished with { NextRun = run.NextRun, NoticesDue = run.NoticesDue };

    internal static SliceOutcome Parked(DateTimeOffset until) => new(SliceEnd.Parked, until);

    /// <summary>There is no slot for the run: it is called when there is.</summary>
    /// <param name="until">When it looks by itself.</param>
    internal static SliceOutcome Crowded(DateTimeOffset until) => new(SliceEnd.Parked, until, MayRepeat: true);

    internal static SliceOutcome Distributed(IReadOnlyList<string> callIds) => new(SliceEnd.Distributed, CallIds: callIds);
}
