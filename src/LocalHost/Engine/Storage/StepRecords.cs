using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Engine.Storage;

/// <summary>
/// An activity call waiting to be run, or running. Its id is never used again: a result whose row is gone belongs to nobody
/// and is dropped.
/// </summary>
internal sealed record WorkItem(long Id, string InstanceId, int TaskId, string Name, string? Input);

/// <summary>An activity call that a step decided on.</summary>
internal sealed record NewActivity(int TaskId, string Name, string? Input);

/// <summary>A timer that a step decided on.</summary>
internal sealed record NewTimer(int TaskId, DateTime Due);

/// <summary>
/// What a step starts from. It takes in the messages of <see cref="Inbox"/>, in order; those newer than
/// <see cref="LastInboxId"/> are the next step's.
/// </summary>
internal sealed record LoadedStep(
    InstanceRecord Instance, IReadOnlyList<HistoryEvent> History, IReadOnlyList<HistoryEvent> Inbox, long LastInboxId);

/// <summary>How an execution ended.</summary>
internal abstract record Ending
{
    private Ending()
    {
    }

    /// <summary>Completed with an output, or failed.</summary>
    internal sealed record Terminal(OrchestrationRuntimeStatus Status, string? Output, TaskFailureDetails? Failure) : Ending;

    /// <summary>Begins again with another input; <see cref="Carried"/> are the events nobody had waited for yet.</summary>
    internal sealed record Again(string? Input, IReadOnlyList<HistoryEvent> Carried) : Ending;
}

/// <summary>Everything one step changes.</summary>
internal sealed record StepCommit(
    string InstanceId,
    DateTime At,
    long LastInboxId,
    int HistoryLength,
    IReadOnlyList<HistoryEvent> NewHistory,
    IReadOnlyList<NewActivity> Activities,
    IReadOnlyList<NewTimer> Timers,
    IReadOnlyList<int> CancelledTimers,
    Ending? Ending);
