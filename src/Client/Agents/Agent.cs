using System.Text.Json;
using System.Text.Json.Serialization;

namespace Yggdrasil.Client;

/// <summary>An agent.</summary>
public sealed record Agent
{
    /// <summary>The agent's id; <c>&lt;handle&gt;~&lt;agent&gt;</c> for one that another user shares.</summary>
    public required string Id { get; init; }

    /// <summary>Begins at 1 and grows by 1 with every change.</summary>
    public required int Version { get; init; }

    /// <summary>The user whose agent it is; absent for one of the configuration.</summary>
    public string? Owner { get; init; }

    /// <summary>Where an agent is defined.</summary>
    public required string Source { get; init; }

    /// <summary>Where the app defines an agent of the configuration, <c>settings</c>, <c>code</c> or <c>file</c>; absent for an agent of a user.</summary>
    public string? ConfiguredBy { get; init; }

    /// <summary><c>provider:model</c>.</summary>
    public required string Model { get; init; }

    /// <summary>Models that are tried in this order when <c>model</c> cannot answer.</summary>
    public required IReadOnlyList<string> Fallbacks { get; init; }

    /// <summary>Models that a run may have in place of <c>model</c>; empty leaves it to the setting <c>Agents__AllowedModels</c>.</summary>
    public required IReadOnlyList<string> AllowedModels { get; init; }

    /// <summary>What other agents are told of this one.</summary>
    public string? Description { get; init; }

    /// <summary>The system prompt; at most 32 KiB of UTF-8.</summary>
    public string? Instructions { get; init; }

    /// <summary>What the model may call: names of <c>GET /api/tools</c>, and <c>agent:&lt;id&gt;</c> for another agent.</summary>
    public required IReadOnlyList<string> Tools { get; init; }

    /// <summary>Skills of the app that the model is told of and reads with <c>read_skill</c>.</summary>
    public required IReadOnlyList<string> Skills { get; init; }

    /// <summary>Those of <c>tools</c> whose every call waits for a human.</summary>
    public required IReadOnlyList<string> Approvals { get; init; }

    /// <summary>Who decides besides the owner and admins: <c>user:&lt;id&gt;</c> or <c>role:&lt;name&gt;</c>.</summary>
    public required IReadOnlyList<string> Approvers { get; init; }

    /// <summary>The channel of the app's settings where people are told of each call that waits for approval.</summary>
    public string? Notify { get; init; }

    /// <summary>What happens when nobody decides in time: the run expires, or the call is denied and the run goes on.</summary>
    public required string OnApprovalExpired { get; init; }

    /// <summary>Whether callers may bring tools of their own to a run.</summary>
    public required string ClientTools { get; init; }

    /// <summary>Model calls per run.</summary>
    public required int MaxTurns { get; init; }

    /// <summary>Tool calls per run.</summary>
    public required int MaxToolCalls { get; init; }

    /// <summary>Seconds from a run's creation until it expires.</summary>
    public required int DeadlineSeconds { get; init; }

    /// <summary>Sampling temperature; absent leaves the provider's default.</summary>
    public double? Temperature { get; init; }

    /// <summary>Upper bound of one answer's tokens; absent leaves the provider's default.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>How much a reasoning model thinks before it answers; absent leaves the provider's default. One of <c>none</c>, <c>low</c>, <c>medium</c>, <c>high</c>, <c>xhigh</c>.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>The JSON schema that the final answer must satisfy; at most 64 KiB.</summary>
    public JsonElement? ResponseSchema { get; init; }

    /// <summary>Whether an answer to the same request may be used again.</summary>
    public CachePolicy? Cache { get; init; }

    /// <summary>How much of a conversation the model is shown.</summary>
    public ContextPolicy? Context { get; init; }

    /// <summary>Days that its runs and conversations are kept; 0 for ever. Absent leaves the app's setting.</summary>
    public int? RetentionDays { get; init; }

    /// <summary>What happens to personal data and credentials on their way to a provider. See <see cref="Client.RedactionMode"/>.</summary>
    public required string Redaction { get; init; }

    /// <summary>When it was created.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Its version, for <see cref="AgentsClient.PutAsync"/>. In lists, and for an agent of the configuration, there is none.</summary>
    [JsonIgnore]
    public string? ETag { get; init; }

    /// <summary>What it was made of, to be changed and put again.</summary>
    public AgentDefinition ToDefinition() => new()
    {
        Model = Model,
        Fallbacks = Fallbacks,
        AllowedModels = AllowedModels,
        Description = Description,
        Instructions = Instructions,
        Tools = Tools,
        Skills = Skills,
        Approvals = Approvals,
        Approvers = Approvers,
        Notify = Notify,
        OnApprovalExpired = OnApprovalExpired,
        ClientTools = ClientTools,
        MaxTurns = MaxTurns,
        MaxToolCalls = MaxToolCalls,
        DeadlineSeconds = DeadlineSeconds,
        Temperature = Temperature,
        MaxOutputTokens = MaxOutputTokens,
        ReasoningEffort = ReasoningEffort,
        ResponseSchema = ResponseSchema,
        Cache = Cache is { } cache ? new SetCachePolicy { TtlSeconds = cache.TtlSeconds, Scope = cache.Scope } : null,
        Context = Context is { } context ? new SetContextPolicy { MaxTokens = context.MaxTokens, Strategy = context.Strategy } : null,
        RetentionDays = RetentionDays,
        Redaction = Redaction,
    };
}

/// <summary>Whether an answer to the same request may be used again.</summary>
public sealed record CachePolicy
{
    /// <summary>How long it may be used.</summary>
    public required int TtlSeconds { get; init; }

    /// <summary>Among whose runs an answer is shared: one user's, or those of all who may run the agent.</summary>
    public required string Scope { get; init; }
}

/// <summary>How much of a conversation the model is shown.</summary>
public sealed record ContextPolicy
{
    /// <summary>Tokens of earlier messages at most.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>What happens to older messages: they are left out, or a summary stands for them.</summary>
    public required string Strategy { get; init; }
}
