using System.Text.Json;

namespace Yggdrasil.Client;

/// <summary>What an agent is to be.</summary>
public sealed record AgentDefinition
{
    /// <summary><c>provider:model</c>.</summary>
    public required string Model { get; init; }

    /// <summary>Models that are tried in this order when <c>model</c> cannot answer.</summary>
    public IReadOnlyList<string>? Fallbacks { get; init; }

    /// <summary>Models that a run may have in place of <c>model</c>; empty leaves it to the setting <c>Agents__AllowedModels</c>.</summary>
    public IReadOnlyList<string>? AllowedModels { get; init; }

    /// <summary>What other agents are told of this one.</summary>
    public string? Description { get; init; }

    /// <summary>The system prompt; at most 32 KiB of UTF-8.</summary>
    public string? Instructions { get; init; }

    /// <summary>What the model may call: names of <c>GET /api/tools</c>, and <c>agent:&lt;id&gt;</c> for another agent.</summary>
    public IReadOnlyList<string>? Tools { get; init; }

    /// <summary>Skills of the app that the model is told of and reads with <c>read_skill</c>.</summary>
    public IReadOnlyList<string>? Skills { get; init; }

    /// <summary>Those of <c>tools</c> whose every call waits for a human.</summary>
    public IReadOnlyList<string>? Approvals { get; init; }

    /// <summary>Who decides besides the owner and admins: <c>user:&lt;id&gt;</c> or <c>role:&lt;name&gt;</c>.</summary>
    public IReadOnlyList<string>? Approvers { get; init; }

    /// <summary>The channel of the app's settings where people are told of each call that waits for approval.</summary>
    public string? Notify { get; init; }

    /// <summary>What happens when nobody decides in time; <c>expire</c> by default.</summary>
    public string? OnApprovalExpired { get; init; }

    /// <summary>Whether callers may bring tools of their own; <c>allow</c> by default.</summary>
    public string? ClientTools { get; init; }

    /// <summary>Model calls per run; 20 by default.</summary>
    public int? MaxTurns { get; init; }

    /// <summary>Tool calls per run; 50 by default.</summary>
    public int? MaxToolCalls { get; init; }

    /// <summary>Seconds from a run's creation until it expires; 3600 by default.</summary>
    public int? DeadlineSeconds { get; init; }

    /// <summary>Sampling temperature; absent leaves the provider's default.</summary>
    public double? Temperature { get; init; }

    /// <summary>Upper bound of one answer's tokens; absent leaves the provider's default.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>How much a reasoning model thinks before it answers; absent leaves the provider's default. One of <c>none</c>, <c>low</c>, <c>medium</c>, <c>high</c>, <c>xhigh</c>.</summary>
    public string? ReasoningEffort { get; init; }

    /// <summary>The JSON schema that the final answer must satisfy; at most 64 KiB.</summary>
    public JsonElement? ResponseSchema { get; init; }

    /// <summary>Whether an answer to the same request may be used again; absent, it may not.</summary>
    public SetCachePolicy? Cache { get; init; }

    /// <summary>How much of a conversation the model is shown.</summary>
    public SetContextPolicy? Context { get; init; }

    /// <summary>Days that its runs and conversations are kept; 0 for ever. Absent leaves the app's setting.</summary>
    public int? RetentionDays { get; init; }

    /// <summary>What happens to personal data and credentials on their way to a provider; <c>off</c> by default. See <see cref="Client.RedactionMode"/>.</summary>
    public string? Redaction { get; init; }
}

/// <summary>Whether an answer to the same request may be used again; absent, it may not.</summary>
public sealed record SetCachePolicy
{
    /// <summary>How long it may be used.</summary>
    public required int TtlSeconds { get; init; }

    /// <summary>Among whose runs an answer is shared; <c>user</c> by default.</summary>
    public string? Scope { get; init; }
}

/// <summary>How much of a conversation the model is shown.</summary>
public sealed record SetContextPolicy
{
    /// <summary>Tokens of earlier messages at most; 100000 by default.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>What happens to older messages; <c>truncate</c> by default.</summary>
    public string? Strategy { get; init; }
}

/// <summary>What happens to personal data and credentials on their way to a provider.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class RedactionMode
{
    /// <summary><c>off</c></summary>
    public const string Off = "off";

    /// <summary><c>mask</c></summary>
    public const string Mask = "mask";

    /// <summary><c>restore</c></summary>
    public const string Restore = "restore";

    /// <summary><c>block</c></summary>
    public const string Block = "block";
}
