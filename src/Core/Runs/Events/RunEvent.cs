using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Events;

public enum RunEventType
{
    RunStarted,
    ModelDelta,
    ModelRestarted,
    ModelCompleted,
    ToolStarted,
    ToolCompleted,
    ApprovalRequired,
    ApprovalDecided,

    /// <summary>The caller is to make a call of its own tool.</summary>
    ToolAwaited,

    /// <summary>The run has ended; its status says how.</summary>
    RunEnded,
}

/// <summary>An event of a run. All readers share one instance.</summary>
public sealed record RunEvent
{
    /// <summary>Opaque; names the place to go on from.</summary>
    public required string Id { get; init; }

    public required RunEventType Type { get; init; }

    public int Turn { get; init; }

    /// <summary>
    /// For what a model says or said: which driver of the run asked it. Text of one epoch is never gone on with in another.
    /// </summary>
    public int Epoch { get; init; }

    /// <summary>For <see cref="RunEventType.ModelDelta"/>: what the model said next.</summary>
    public string? Text { get; init; }

    /// <summary>For events of a tool call: our id of it.</summary>
    public string? CallId { get; init; }

    /// <summary>For events of a tool call: the name the model called.</summary>
    public string? Tool { get; init; }

    /// <summary>For <see cref="RunEventType.ToolStarted"/> of a call that another agent answers: the run that it is made as.</summary>
    public string? ChildRun { get; init; }

    /// <summary>For <see cref="RunEventType.ApprovalRequired"/> and <see cref="RunEventType.ToolAwaited"/>: what is asked.</summary>
    public PendingApproval? Approval { get; init; }

    /// <summary>The committed step, where the event is one.</summary>
    public JournalEntry? Entry { get; init; }

    /// <summary>For the start and the end of the run: the run as it was then.</summary>
    public Run? Run { get; init; }
}
