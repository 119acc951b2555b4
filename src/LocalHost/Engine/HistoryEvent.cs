namespace Yggdrasil.LocalHost.Engine;

/// <summary>What happened to an instance. The numbers are stored: never renumber.</summary>
internal enum HistoryKind
{
    /// <summary>A step began; every step's events begin with it, and its time is the orchestrator's clock.</summary>
    StepStarted = 1,
    ExecutionStarted = 2,
    ActivityScheduled = 3,
    ActivityCompleted = 4,
    ActivityFailed = 5,
    TimerCreated = 6,
    TimerFired = 7,
    EventRaised = 8,

    /// <summary>The orchestrator was caught awaiting something that is not durable; ends the instance.</summary>
    IllegalAwait = 9,
}

/// <summary>One line of an instance's history, or one message on its way there.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="TaskId">Number of the activity call or timer within its execution, from 0; -1 for the others.</param>
/// <param name="Name">Name of the activity or event.</param>
/// <param name="Data">
/// Serialized result, failure or event payload. For a scheduled activity a fingerprint of its input: enough to see that a
/// replay calls it with another one, and history stays small.
/// </param>
/// <param name="At">The step's time, or when the timer is due (UTC); otherwise default.</param>
internal sealed record HistoryEvent(
    HistoryKind Kind, int TaskId = -1, string? Name = null, string? Data = null, DateTime At = default);
