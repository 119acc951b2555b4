using Azure;
using Yggdrasil.Identity;
using Yggdrasil.Models;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Runs.Model;

/// <summary>
/// A run as its row says it is in plain: ids, status, times, counts, and what went wrong unless that quotes content. The row was not
/// opened, so there is no agent, and nobody can drive the run by this.
/// </summary>
public record RunHead
{
    public required string Id { get; init; }

    /// <summary>Whose run it is, and on whose behalf its tools act.</summary>
    public required Caller Caller { get; init; }

    public required string AgentId { get; init; }

    public required int AgentVersion { get; init; }

    /// <summary>The agent as <see cref="Agents.Agent.Key"/> names it; null for runs that began before agents had one.</summary>
    public string? AgentKey { get; init; }

    /// <summary>The run whose journal this one began with; null for one that began with nothing but its input.</summary>
    public string? ForkedFrom { get; init; }

    /// <summary>Turns taken over from <see cref="ForkedFrom"/>. They count neither in the usage nor against the limits.</summary>
    public int InheritedTurns { get; init; }

    public string? ConversationId { get; init; }

    /// <summary>Whether it waits for other runs of its conversation to end; it is not driven until it is its turn.</summary>
    public bool IsEnqueued { get; init; }

    /// <summary>What the model is shown of the conversation before this run; null until its turn has come, and outside of one.</summary>
    public HistoryRange? History { get; init; }

    /// <summary>The run of the same conversation whose turn came with this one's end, and which is to be woken.</summary>
    public string? NextRun { get; init; }

    /// <summary>Whether its caller sent a list of messages, rather than a text that became the only one.</summary>
    public bool InputIsList { get; init; }

    /// <summary>Whether readers are shown what models say while they say it.</summary>
    public bool Stream { get; init; }

    /// <summary>The call of another run that this one answers; null for a run that a caller started.</summary>
    public ParentCall? Parent { get; init; }

    /// <summary>The agents above it, the first first, by the ids under which its caller may run them.</summary>
    internal IReadOnlyList<string> Ancestors { get; init; } = [];

    /// <summary>Who is to learn of its end; most often nobody.</summary>
    internal IReadOnlyList<RunNotice> Notices { get; init; } = [];

    /// <summary>Whether they have learned of it. Written by <see cref="RunEndings"/> alone.</summary>
    internal bool NoticesDelivered { get; init; }

    /// <summary>How far the message to the caller's own address has come; null when none was asked for.</summary>
    public CallbackState? Callback { get; init; }

    /// <summary>The batch that it is an item of. Such a run is not in lists of runs: its place is in the batch.</summary>
    public string? BatchId { get; init; }

    /// <summary>The W3C <c>traceparent</c> of the request that started it, which all its spans join; null where nobody traced.</summary>
    public string? TraceParent { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the run expires unless it has ended.</summary>
    public required DateTimeOffset Deadline { get; init; }

    public RunStatus Status { get; init; }

    public StopReason? StopReason { get; init; }

    /// <summary>How the last answer ended; null before the first, and for runs of before this was recorded.</summary>
    public FinishReason? FinishReason { get; init; }

    public RunError? Error { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Model calls made, those taken over included.</summary>
    public int Turns { get; init; }

    public RunUsage Usage { get; init; } = new();

    /// <summary>What of the owner's quota it holds, and what of <see cref="Usage"/> the owner's day has already.</summary>
    public RunQuota Quota { get; init; }

    /// <summary>The models, as <c>provider:model</c>, that have answered; the last one is the last turn's.</summary>
    public IReadOnlyList<string> ServedBy { get; init; } = [];

    /// <summary>The sequence number of the next journal entry.</summary>
    public long NextSequence { get; init; }

    /// <summary>Grows by one each time the lease changes hands; what an older epoch writes is refused.</summary>
    public int Epoch { get; init; }

    /// <summary>Until when the holder of <see cref="Epoch"/> alone may drive the run.</summary>
    public DateTimeOffset LeaseUntil { get; init; }

    /// <summary>Before when it is not to go on, because its models asked for patience; null for at once.</summary>
    internal DateTimeOffset? NotBefore { get; init; }

    /// <summary>The orchestration instance that drives the run and is to be woken; any other one ends itself.</summary>
    public required string Driver { get; init; }

    public bool CancelRequested { get; init; }

    public bool SuspendRequested { get; init; }

    /// <summary>Decisions about its calls so far; like the flags, written by those who decide and not by its driver.</summary>
    public int DecisionCount { get; init; }

    /// <summary>The version of the row this was read from or last written as.</summary>
    public ETag ETag { get; init; }

    public bool IsTerminal => Status.IsTerminal();

    /// <summary>Whether it has ended and somebody is still to learn of it.</summary>
    internal bool NoticesDue => IsTerminal && Notices.Count > 0 && !NoticesDelivered;

    /// <summary>
    /// Whether it was given back to wait for a human, and not only for its next slice: it takes part in no limit of what goes on at
    /// once. Every change into and out of it is a commit that companions see.
    /// </summary>
    public bool IsParked => Status is RunStatus.Waiting or RunStatus.Suspended && LeaseUntil == DateTimeOffset.UnixEpoch;

    /// <summary>How long a timer has to wait for the deadline: not at all once it has passed.</summary>
    /// <remarks>Timers end at 49 days; a run whose deadline is further off than one is looked at again long before that.</remarks>
    internal TimeSpan TimeUntilDeadline(DateTimeOffset now) => TimeSpan.FromTicks(Math.Clamp((Deadline - now).Ticks, 0, TimeSpan.TicksPerDay));
}

/// <summary>How far a run has come.</summary>
/// <param name="NextSequence">The sequence number of the next journal entry: all before it are there.</param>
internal readonly record struct RunProgress(
    long NextSequence, int Epoch, DateTimeOffset LeaseUntil, bool IsTerminal, bool CancelRequested);
