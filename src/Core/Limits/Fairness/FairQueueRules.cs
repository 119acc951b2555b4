namespace Yggdrasil.Limits.Fairness;

/// <summary>How many slots there are, and how owners share them.</summary>
/// <param name="Slots">Slots that are held at a time, at least 1.</param>
internal sealed record FairQueueRules(int Slots)
{
    /// <summary>Slots that one owner holds at a time.</summary>
    public int PerOwner { get; init; } = int.MaxValue;

    /// <summary>
    /// An owner gets a further slot only while holding fewer than this many times the slots that are free. So however many
    /// owners take what they can, something is left for the next one. Infinite for no such bound.
    /// </summary>
    public double FreeFactor { get; init; } = double.PositiveInfinity;

    /// <summary>Activities of the host that may be here at a time, in a slot or in line; further ones are parked at once.</summary>
    public int Activities { get; init; } = int.MaxValue;

    /// <summary>Activities of one owner that may stand in line.</summary>
    public int WaitingPerOwner { get; init; } = int.MaxValue;

    /// <summary>How many may stand in line, of all owners; one more is turned away.</summary>
    public int MaxWaiting { get; init; } = int.MaxValue;

    /// <summary>How much more of the slots an owner gets than others, by partition; 1 for equal shares.</summary>
    public Func<string, double> WeightOf { get; init; } = _ => 1;
}

/// <summary>Work that holds an activity of the host, and so waits only for a moment.</summary>
/// <param name="Key">Names the orchestration that comes back; null where nobody does.</param>
/// <param name="Call">Wakes that orchestration; null where it looks by itself.</param>
/// <param name="Patience">How long it stands in line before it is parked.</param>
internal sealed record ActivityWork(string? Key, Func<CancellationToken, Task>? Call, TimeSpan Patience);

/// <summary>What has become of an attempt to enter.</summary>
/// <param name="Slot">The slot, to be disposed of when it is free again; null for none.</param>
/// <param name="Recheck">Without a slot, when to look again at the latest: whoever can be called is called before that.</param>
/// <param name="IsFull">Turned away, because too many stand in line.</param>
internal readonly record struct Admission(IAsyncDisposable? Slot, TimeSpan Recheck = default, bool IsFull = false);
