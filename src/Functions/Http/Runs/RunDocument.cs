using System.Text.Json;
using Yggdrasil.Models;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Functions.Http.Runs;

/// <summary>A run, as the contract shows it.</summary>
internal sealed record RunDocument(
    string Id,
    string Agent,
    int AgentVersion,
    string? ConversationId,
    string? BatchId,
    ForkDocument? ForkedFrom,
    object? Input,
    RunStatus Status,
    StopReason? StopReason,
    FinishReason? FinishReason,
    string? Output,
    JsonElement? StructuredOutput,
    RunError? Error,
    RunUsage Usage,
    int Turns,
    IReadOnlyList<string> ServedBy,
    IReadOnlyDictionary<string, string> Metadata,
    CallbackState? Callback,
    ParentCall? Parent,
    IReadOnlyList<PendingApprovalDocument>? PendingApprovals,
    IReadOnlyList<PendingToolCall>? PendingToolCalls,
    bool? CancelRequested,
    bool? SuspendRequested,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? CompletedAt,
    RunLinks? Links)
{
    /// <param name="query">What the links need beside the run's id; empty for the caller's own run.</param>
    public static RunDocument From(Run run, string query = "") => new(
        run.Id,
        run.AgentId,
        run.AgentVersion,
        run.ConversationId,
        run.BatchId,
        run.ForkedFrom is { } source ? new ForkDocument(source, run.InheritedTurns + 1) : null,
        null,
        run.Status,
        run.StopReason,
        run.FinishReason,
        run.Output,
        run.StructuredOutput,
        run.Error,
        run.Usage,
        run.Turns,
        run.ServedBy,
        run.Metadata,
        run.Callback,
        run.Parent,
        run.PendingApprovals is { Count: > 0 } approvals ? [.. approvals.Select(PendingApprovalDocument.Of)] : null,
        run.PendingToolCalls is { Count: > 0 } calls ? [.. calls.Select(PendingToolCall.Of)] : null,
        run.CancelRequested && !run.IsTerminal ? true : null,
        run.SuspendRequested && !run.IsTerminal ? true : null,
        run.CreatedAt,
        run.StartedAt,
        run.CompletedAt,
        RunLinks.Of(run.Id, query));

    /// <summary>The run with what it was asked, as it was sent: a text, or a list of messages.</summary>
    public static RunDocument WithInput(Run run, string query = "") => From(run, query) with { Input = InputDocument.Of(run.Input, run.InputIsList) };

    /// <summary>A run of which nothing is kept: there is nowhere to link to.</summary>
    public static RunDocument Inline(Run run) => From(run) with { Links = null };
}

/// <summary>A call that waits for a decision.</summary>
internal sealed record PendingApprovalDocument(string CallId, string Tool, JsonElement Arguments, string ArgumentsHash, DateTimeOffset ExpiresAt)
{
    public static PendingApprovalDocument Of(PendingApproval pending) =>
        new(pending.CallId, pending.Tool, pending.Arguments, pending.ArgumentsHash, pending.ExpiresAt);
}

/// <summary>A call of a tool that the caller makes, and that the run waits for.</summary>
internal sealed record PendingToolCall(string CallId, string Name, JsonElement Arguments, DateTimeOffset ExpiresAt)
{
    public static PendingToolCall Of(PendingApproval pending) => new(pending.CallId, pending.Tool, pending.Arguments, pending.ExpiresAt);
}

/// <summary>Where a fork began.</summary>
/// <param name="FromTurn">Its first own turn; those before are the other run's.</param>
internal sealed record ForkDocument(string Id, int FromTurn);

/// <param name="Children">The runs that its calls of other agents were made as.</param>

internal sealed record RunLinks(string Self, string Steps, string Events, string Cancel, string Children)
{
    public static RunLinks Of(string runId, string query) => new(
        $"/api/runs/{runId}{query}",
        $"/api/runs/{runId}/steps{query}",
        $"/api/runs/{runId}/events{query}",
        $"/api/runs/{runId}/cancel{query}",
        $"/api/runs?{(query.Length > 0 ? $"{query[1..]}&" : "")}parent={runId}");
}
