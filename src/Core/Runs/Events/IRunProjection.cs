namespace Yggdrasil.Runs.Events;

/// <summary>
/// A run's events in the words of one protocol: the seam between what a run does, which is the same for all, and how a protocol tells
/// of it. One instance serves one reader and sees each event once, in order.
/// </summary>
public interface IRunProjection
{
    /// <summary>What the stream begins with, before any event; empty for nothing.</summary>
    ReadOnlyMemory<byte> Begin { get; }

    /// <summary>The frames that an event becomes, in order; none where the protocol does not tell of it.</summary>
    IEnumerable<ReadOnlyMemory<byte>> Tell(RunEvent what);

    /// <summary>Nothing that comes after what was told is told any more, although the run may go on.</summary>
    bool HasEnded => false;

    /// <summary>How long an event is to be held back, for clients that take one too early for something else; zero for not at all.</summary>
    TimeSpan HoldBack(RunEvent what);
}
