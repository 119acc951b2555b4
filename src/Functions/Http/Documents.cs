using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Notifications.Callbacks;
using Yggdrasil.Runs;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http;

/// <summary>A page of a list.</summary>
/// <param name="Next">The cursor of the next page, as <c>?after=</c>; null at the end, and then present all the same.</param>
internal sealed record ListDocument<T>(
    IReadOnlyList<T> Items,
    [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.Never)] string? Next);

/// <summary>A run, as the contract shows it.</summary>
internal sealed record RunDocument(
    string Id,
    string Agent,
    int AgentVersion,
    string? ConversationId,
    string? BatchId,
    ForkDocument? ForkedFrom,
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
    IReadOnlyList<PendingApproval>? PendingApprovals,
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
        run.PendingApprovals.Count > 0 ? run.PendingApprovals : null,
        run.CreatedAt,
        run.StartedAt,
        run.CompletedAt,
        RunLinks.Of(run.Id, query));

    /// <summary>A run of which nothing is kept: there is nowhere to link to.</summary>
    public static RunDocument Inline(Run run) => From(run) with { Links = null };
}

/// <summary>Where a fork began.</summary>
/// <param name="FromTurn">Its first own turn; those before are the other run's.</param>
internal sealed record ForkDocument(string Id, int FromTurn);

internal sealed record RunLinks(string Self, string Steps, string Events, string Cancel)
{
    public static RunLinks Of(string runId, string query) => new(
        $"/api/runs/{runId}{query}", $"/api/runs/{runId}/steps{query}", $"/api/runs/{runId}/events{query}", $"/api/runs/{runId}/cancel{query}");
}

/// <summary>A recorded step of a run: one model call or one tool call.</summary>
/// <param name="ChildRun">The run that the call was made as, where another agent was asked.</param>
internal sealed record StepDocument(
    int Turn,
    string Kind,
    string? Name,
    string? CallId,
    StepStatus Status,
    DateTimeOffset StartedAt,
    long DurationMs,
    long? InputTokens,
    long? OutputTokens,
    long? CachedInputTokens,
    long? ReasoningTokens,
    decimal? CostUsd,
    bool? Cached,
    bool? Inherited,
    bool? Estimated,
    string? ServedBy,
    string? ResponseModel,
    FinishReason? FinishReason,
    object? Arguments,
    StepApproval? Approval,
    string? ChildRun,
    string? Result)
{
    public static IReadOnlyList<StepDocument> From(IReadOnlyList<JournalEntry> entries)
    {
        var decisions = entries.Select(entry => entry.Decision).OfType<ApprovalDecision>().ToDictionary(decision => decision.CallId);
        var calls = entries
            .Where(entry => entry.Kind == EntryKind.Model)
            .SelectMany(answer => answer.ToolCalls().Select((content, index) => (Id: Ids.ToolCall(answer.Turn, index), Content: content)))
            .ToDictionary(call => call.Id, call => call.Content);
        return [.. entries
            .Where(entry => entry.Kind is EntryKind.Model or EntryKind.Tool or EntryKind.Summary or EntryKind.Repair)
            .Select(entry => entry.CallId is { } id
                ? From(entry, calls.GetValueOrDefault(id), decisions.GetValueOrDefault(id))
                : From(entry, call: null, decision: null))];
    }

    private static StepDocument From(JournalEntry entry, FunctionCallContent? call, ApprovalDecision? decision) => new(
        entry.Turn,
        ContractJson.Name(entry.Kind),
        call?.Name ?? entry.ServedBy,
        entry.CallId,
        entry.Status,
        entry.StartedAt,
        (long)entry.Duration.TotalMilliseconds,
        entry.InputTokens,
        entry.OutputTokens,
        entry.CachedInputTokens,
        entry.ReasoningTokens,
        entry.CostUsd,
        entry.Cached ? true : null,
        entry.Inherited ? true : null,
        entry.Estimated ? true : null,
        entry.ServedBy,
        entry.ResponseModel,
        entry.FinishReason,
        decision?.Arguments ?? (object?)call?.Arguments,
        decision is null ? null : new StepApproval(decision.Outcome, decision.By, decision.At, decision.Reason),
        entry.ChildRun,
        entry.Kind != EntryKind.Tool
            ? entry.Text()
            : entry.Messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>().FirstOrDefault()?.Result?.ToString());
}

/// <summary>What was decided about a call that needed approval.</summary>
/// <param name="By">The user who decided; absent where nobody did in time.</param>
internal sealed record StepApproval(ApprovalOutcome Decision, string? By, DateTimeOffset At, string? Reason);

/// <summary>An agent, as the contract shows it.</summary>
internal sealed record AgentDocument(
    string Id,
    int Version,
    string? Owner,
    AgentSource Source,
    string Model,
    IReadOnlyList<string> Fallbacks,
    string? Description,
    string? Instructions,
    IReadOnlyList<string> Tools,
    IReadOnlyList<string> Approvals,
    IReadOnlyList<string> Approvers,
    ApprovalExpiry OnApprovalExpired,
    int MaxTurns,
    int MaxToolCalls,
    int DeadlineSeconds,
    float? Temperature,
    int? MaxOutputTokens,
    EffortLevel? ReasoningEffort,
    JsonElement? ResponseSchema,
    CachePolicy? Cache,
    ContextPolicy? Context,
    int? RetentionDays,
    RedactionMode Redaction,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    public static AgentDocument From(Agent agent)
    {
        var definition = agent.Definition;
        return new(
            agent.Id,
            agent.Version,
            agent.Owner?.User,
            agent.Source,
            definition.Model,
            definition.Fallbacks,
            definition.Description,
            definition.Instructions,
            definition.Tools,
            definition.Approvals,
            definition.Approvers,
            definition.OnApprovalExpired,
            definition.MaxTurns,
            definition.MaxToolCalls,
            definition.DeadlineSeconds,
            definition.Temperature,
            definition.MaxOutputTokens,
            definition.ReasoningEffort,
            definition.ResponseSchema,
            definition.Cache,
            definition.Context,
            definition.RetentionDays,
            definition.Redaction,
            agent.CreatedAt,
            agent.UpdatedAt);
    }
}

/// <summary>A tool that agents may name.</summary>
internal sealed record ToolDocument(
    string Name,
    string Description,
    JsonElement Parameters,
    bool Idempotent,
    bool Pure,
    bool Distributed,
    bool RequiresApproval,
    int TimeoutSeconds,
    IReadOnlyList<string> Roles)
{
    public static ToolDocument From(AgentTool tool) => new(
        tool.Name,
        tool.Declaration.Description,
        tool.Declaration.JsonSchema,
        tool.Idempotent,
        tool.Pure,
        tool.Distributed,
        tool.RequiresApproval,
        (int)tool.Timeout.TotalSeconds,
        tool.Roles);
}
