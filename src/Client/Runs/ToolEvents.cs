using System.Text.Json;
using System.Text.Json.Serialization;

namespace Yggdrasil.Client;

/// <summary>A tool call begins.</summary>
public sealed record ToolStartedEvent : RunEvent
{
    /// <inheritdoc/>
    [JsonIgnore]
    public override bool IsLasting => false;

    /// <summary>The turn, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>The tool call.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public required string Name { get; init; }

    /// <summary>The run that the call is made as, where another agent is asked.</summary>
    public string? ChildRun { get; init; }
}

/// <summary>A tool call has ended.</summary>
public sealed record ToolCompletedEvent : RunEvent
{
    /// <summary>The turn, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>The tool call.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public string? Name { get; init; }

    /// <summary>What it came to. See <see cref="StepStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>How long it took.</summary>
    public required long DurationMs { get; init; }

    /// <summary>What the tool answered.</summary>
    public string? Result { get; init; }

    /// <summary>True where the run that this one was forked from made it.</summary>
    public bool? Inherited { get; init; }
}

/// <summary>The caller is to make a call of its own tool: <see cref="RunsClient.AnswerToolCallAsync(string, string, string, CancellationToken)"/>.</summary>
public sealed record ToolAwaitedEvent : RunEvent
{
    /// <summary>The turn, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>The tool call.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public string? Name { get; init; }

    /// <summary>What the model wants to call it with.</summary>
    public JsonElement? Arguments { get; init; }

    /// <summary>Until when it can be answered.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A tool call waits for a person: <see cref="ApprovalsClient.ApproveAsync"/>, <see cref="ApprovalsClient.DenyAsync"/>.</summary>
public sealed record ApprovalRequiredEvent : RunEvent
{
    /// <summary>The turn, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>The tool call.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public string? Tool { get; init; }

    /// <summary>What the model wants to call it with.</summary>
    public JsonElement? Arguments { get; init; }

    /// <summary>Opaque; to be repeated by the decision.</summary>
    public string? ArgumentsHash { get; init; }

    /// <summary>Until when it can be decided.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A decision was made, or time has made it.</summary>
public sealed record ApprovalDecidedEvent : RunEvent
{
    /// <summary>The turn, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>The tool call.</summary>
    public required string CallId { get; init; }

    /// <summary>The tool.</summary>
    public string? Tool { get; init; }

    /// <summary>What was decided. See <see cref="ApprovalOutcome"/>.</summary>
    public string? Decision { get; init; }

    /// <summary>The user who decided; absent where time did.</summary>
    public string? By { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }

    /// <summary>What replaces the model's arguments, where something does.</summary>
    public JsonElement? Arguments { get; init; }
}
