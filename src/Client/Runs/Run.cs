using System.Text.Json;
using System.Text.Json.Serialization;

namespace Yggdrasil.Client;

/// <summary>A run.</summary>
public sealed record Run
{
    /// <summary>The run's id.</summary>
    public required string Id { get; init; }

    /// <summary>Its agent.</summary>
    public required string Agent { get; init; }

    /// <summary>The version of the agent that it runs.</summary>
    public required int AgentVersion { get; init; }

    /// <summary>The conversation that it is part of.</summary>
    public string? ConversationId { get; init; }

    /// <summary>The batch that it is part of.</summary>
    public string? BatchId { get; init; }

    /// <summary>Where a run left another.</summary>
    public Fork? ForkedFrom { get; init; }

    /// <summary>What was asked, as it was sent. Lists have it where <c>fields</c> names it.</summary>
    public RunInput? Input { get; init; }

    /// <summary>How far a run has come. The last four are terminal. See <see cref="RunStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>Why a run has ended. <c>max_output_tokens</c>: the answer was cut off; <c>refused</c>: the model refused, and <c>output</c> has its words. See <see cref="Client.StopReason"/>.</summary>
    public string? StopReason { get; init; }

    /// <summary>How a model's answer ended, whatever its provider calls that. See <see cref="Client.FinishReason"/>.</summary>
    public string? FinishReason { get; init; }

    /// <summary>True where the run is to be cancelled and has not ended yet.</summary>
    public bool? CancelRequested { get; init; }

    /// <summary>True where the run is suspended or is to be, and has not ended.</summary>
    public bool? SuspendRequested { get; init; }

    /// <summary>The last text of the model.</summary>
    public string? Output { get; init; }

    /// <summary>The answer as JSON, where the agent has a <c>responseSchema</c>.</summary>
    public JsonElement? StructuredOutput { get; init; }

    /// <summary>Why a run failed.</summary>
    public RunError? Error { get; init; }

    /// <summary>What a run has used so far.</summary>
    public required RunUsage Usage { get; init; }

    /// <summary>Model calls so far.</summary>
    public required int Turns { get; init; }

    /// <summary>The models that answered, as <c>provider:model</c>.</summary>
    public required IReadOnlyList<string> ServedBy { get; init; }

    /// <summary>The caller's own notes, which the run keeps.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>How far a callback has come.</summary>
    public CallbackState? Callback { get; init; }

    /// <summary>The call by which another run asked for this one.</summary>
    public ParentCall? Parent { get; init; }

    /// <summary>Calls that wait for a human; absent when there are none.</summary>
    public IReadOnlyList<PendingApproval>? PendingApprovals { get; init; }

    /// <summary>Calls of the caller's own tools, which the run waits for; absent when there are none.</summary>
    public IReadOnlyList<PendingToolCall>? PendingToolCalls { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When its first step began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? CompletedAt { get; init; }

    /// <summary>Where to go on from a run; absent for one of which nothing is kept.</summary>
    public RunLinks? Links { get; init; }

    /// <summary>Whether it has ended, in whatever way.</summary>
    [JsonIgnore]
    public bool HasEnded => CompletedAt is not null;

    /// <summary>The run, where it has completed.</summary>
    /// <exception cref="RunNotCompletedException">It has not.</exception>
    public Run EnsureCompleted() => Status == RunStatus.Completed ? this : throw new RunNotCompletedException(this);
}

/// <summary>Where to go on from a run; absent for one of which nothing is kept.</summary>
public sealed record RunLinks
{
    /// <summary>The run.</summary>
    public required string Self { get; init; }

    /// <summary>Its steps.</summary>
    public required string Steps { get; init; }

    /// <summary>Its events.</summary>
    public required string Events { get; init; }

    /// <summary>To cancel it.</summary>
    public required string Cancel { get; init; }

    /// <summary>The runs that its calls of other agents were made as.</summary>
    public required string Children { get; init; }
}
