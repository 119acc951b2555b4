using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>A recorded step of a run.</summary>
public sealed record RunStep
{
    /// <summary>The turn that it belongs to, from 1.</summary>
    public required int Turn { get; init; }

    /// <summary>What was asked, a model call, a tool call, a model call that shortened the conversation, or one that mended an answer. See <see cref="StepKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The tool, the model that answered, or <c>input</c>.</summary>
    public string? Name { get; init; }

    /// <summary>The tool call.</summary>
    public string? CallId { get; init; }

    /// <summary>What the step came to. <c>unknown</c>: whether the call had its effect cannot be told. <c>pending</c>: the call was approved and is not made yet.</summary>
    public required string Status { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long it took.</summary>
    public required long DurationMs { get; init; }

    /// <summary>Tokens that the model was sent.</summary>
    public long? InputTokens { get; init; }

    /// <summary>Tokens that it answered.</summary>
    public long? OutputTokens { get; init; }

    /// <summary>Of <c>inputTokens</c>, those that the provider had in its own cache.</summary>
    public long? CachedInputTokens { get; init; }

    /// <summary>Of <c>inputTokens</c>, those that the provider wrote to its own cache.</summary>
    public long? CacheWriteInputTokens { get; init; }

    /// <summary>Of <c>outputTokens</c>, those that it thought with.</summary>
    public long? ReasoningTokens { get; init; }

    /// <summary>US dollars, where the price is known.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>True where the response cache answered.</summary>
    public bool? Cached { get; init; }

    /// <summary>True where it is a step of the run that this one was forked from.</summary>
    public bool? Inherited { get; init; }

    /// <summary>True where the tokens are estimates: the provider reported none, or the answer was cut off.</summary>
    public bool? Estimated { get; init; }

    /// <summary>The model that answered, as <c>provider:model</c>.</summary>
    public string? ServedBy { get; init; }

    /// <summary>What the provider calls the model that answered.</summary>
    public string? ResponseModel { get; init; }

    /// <summary>How a model's answer ended, whatever its provider calls that. See <see cref="Client.FinishReason"/>.</summary>
    public string? FinishReason { get; init; }

    /// <summary>The models that gave no answer to this call, in the order they were asked. Only operators and admins see it.</summary>
    public IReadOnlyList<ModelFailure>? Failures { get; init; }

    /// <summary>A text, or messages of which the last is a user's; 256 KiB of UTF-8 at most.</summary>
    public RunInput? Input { get; init; }

    /// <summary>What the tool was called with.</summary>
    public JsonElement? Arguments { get; init; }

    /// <summary>What was decided about a call that needed approval.</summary>
    public StepApproval? Approval { get; init; }

    /// <summary>The run that the call was made as, where another agent was asked.</summary>
    public string? ChildRun { get; init; }

    /// <summary>What the tool or the model answered.</summary>
    public string? Result { get; init; }
}

/// <summary>What was decided about a call that needed approval.</summary>
public sealed record StepApproval
{
    /// <summary>What was decided; <c>expire</c> where nobody did in time. See <see cref="ApprovalOutcome"/>.</summary>
    public required string Decision { get; init; }

    /// <summary>The user who decided; absent where nobody did in time.</summary>
    public string? By { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Why.</summary>
    public string? Reason { get; init; }
}

/// <summary>That a model gave no answer, and why.</summary>
public sealed record ModelFailure
{
    /// <summary>The model, as <c>provider:model</c>.</summary>
    public required string Model { get; init; }

    /// <summary>What the failure means here.</summary>
    public required string Code { get; init; }

    /// <summary>Why, in the provider's own words, as far as it gave any. What looks secret or personal is replaced.</summary>
    public UpstreamReason? Upstream { get; init; }
}

/// <summary>Why, in the provider's own words, as far as it gave any. What looks secret or personal is replaced.</summary>
public sealed record UpstreamReason
{
    /// <summary>The error's <c>code</c>.</summary>
    public string? Code { get; init; }

    /// <summary>Its <c>type</c>, or <c>status</c>.</summary>
    public string? Type { get; init; }

    /// <summary>The field of the request that it is about.</summary>
    public string? Param { get; init; }

    /// <summary>Its message in one line, cut off where it is long.</summary>
    public string? Message { get; init; }
}

/// <summary>What was asked, a model call, a tool call, a model call that shortened the conversation, or one that mended an answer.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class StepKind
{
    /// <summary><c>input</c></summary>
    public const string Input = "input";

    /// <summary><c>model</c></summary>
    public const string Model = "model";

    /// <summary><c>tool</c></summary>
    public const string Tool = "tool";

    /// <summary><c>summary</c></summary>
    public const string Summary = "summary";

    /// <summary><c>repair</c></summary>
    public const string Repair = "repair";
}

/// <summary>What a step came to. <c>unknown</c>: whether the call had its effect cannot be told.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class StepStatus
{
    /// <summary><c>completed</c></summary>
    public const string Completed = "completed";

    /// <summary><c>failed</c></summary>
    public const string Failed = "failed";

    /// <summary><c>refused</c></summary>
    public const string Refused = "refused";

    /// <summary><c>unknown</c></summary>
    public const string Unknown = "unknown";

    /// <summary><c>denied</c></summary>
    public const string Denied = "denied";

    /// <summary><c>cancelled</c></summary>
    public const string Cancelled = "cancelled";
}
