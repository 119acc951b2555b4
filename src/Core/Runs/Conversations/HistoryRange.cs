namespace Yggdrasil.Runs.Conversations;

/// <summary>The part of a conversation's log that a model is shown.</summary>
/// <param name="From">The first exchange shown.</param>
/// <param name="Skip">Messages of that exchange that are left out, after its first, which is what its user asked.</param>
/// <param name="To">The first exchange not shown: the one that the run itself will be.</param>
/// <param name="BegunAt">When the conversation began: tells it from a deleted one of the same id.</param>
public readonly record struct HistoryRange(long From, int Skip, long To, DateTimeOffset BegunAt);
