using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;

namespace Yggdrasil.Functions.Http.Agents;

/// <summary>An agent, as the contract shows it.</summary>
internal sealed record AgentDocument(
    string Id,
    int Version,
    string? Owner,
    AgentSource Source,
    ConfiguredBy? ConfiguredBy,
    string Model,
    IReadOnlyList<string> Fallbacks,
    IReadOnlyList<string> AllowedModels,
    string? Description,
    string? Instructions,
    IReadOnlyList<string> Tools,
    IReadOnlyList<string> Skills,
    IReadOnlyList<string> Approvals,
    IReadOnlyList<string> Approvers,
    string? Notify,
    ApprovalExpiry OnApprovalExpired,
    ClientToolPolicy ClientTools,
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
            agent.ConfiguredBy,
            definition.Model,
            definition.Fallbacks,
            definition.AllowedModels,
            definition.Description,
            definition.Instructions,
            definition.Tools,
            definition.Skills,
            definition.Approvals,
            definition.Approvers,
            definition.Notify,
            definition.OnApprovalExpired,
            definition.ClientTools,
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
