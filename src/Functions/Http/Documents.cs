using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Models;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Callbacks;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
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
    IReadOnlyList<PendingApproval>? PendingApprovals,
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
        run.PendingApprovals.Count > 0 ? run.PendingApprovals : null,
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
