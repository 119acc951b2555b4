using System.Text.Json;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Agents;

/// <summary>The definition of an agent: model, instructions, tools and limits.</summary>
/// <remarks>A run keeps a snapshot of this, so that a later change or deletion never alters a run in flight.</remarks>
public sealed record AgentDefinition
{
    /// <summary>The model, as <c>provider:model</c>.</summary>
    public required string Model { get; init; }

    /// <summary>Models tried in this order when <see cref="Model"/> cannot answer.</summary>
    public IReadOnlyList<string> Fallbacks { get; init; } = [];

    /// <summary>Models that a run may have in place of <see cref="Model"/>, where its caller asks for one; empty leaves it to the setting <c>Agents__AllowedModels</c>.</summary>
    public IReadOnlyList<string> AllowedModels { get; init; } = [];

    public string? Description { get; init; }

    /// <summary>The system prompt. At most 32 KiB of UTF-8.</summary>
    public string? Instructions { get; init; }

    /// <summary>Names of the tools the model may call. At most 64.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    /// <summary>Names of the skills the model is told of and may read. At most 64.</summary>
    public IReadOnlyList<string> Skills { get; init; } = [];

    /// <summary>Tools, among <see cref="Tools"/>, whose every call waits for a human decision.</summary>
    public IReadOnlyList<string> Approvals { get; init; } = [];

    /// <summary>Whether <see cref="Approvals"/> lists the tool that models call by a name.</summary>
    public bool AsksForApprovalOf(string name) => McpTools?.FirstOrDefault(pin => pin.CalledAs == name) is { } pin
        ? AsksForApprovalOf(pin)
        : Approvals.Any(listed => DelegateNames.CalledAs(listed) == name);

    /// <summary>Whether <see cref="Approvals"/> lists a tool of an MCP server, or all of that server's.</summary>
    internal bool AsksForApprovalOf(McpToolPin pin) =>
        Approvals.Contains(McpNames.Listed(pin.Server, pin.Tool)) || Approvals.Contains(McpNames.Listed(pin.Server));

    /// <summary>Who besides the owner and admins decides, as <c>user:id</c> or <c>role:name</c>.</summary>
    public IReadOnlyList<string> Approvers { get; init; } = [];

    /// <summary>The channel, of <c>Notifications__Channels__…</c>, where people are told of each call that waits for approval; null for none.</summary>
    public string? Notify { get; init; }

    public ApprovalExpiry OnApprovalExpired { get; init; } = ApprovalExpiry.Expire;

    /// <summary>Whether callers may bring along tools of their own.</summary>
    public ClientToolPolicy ClientTools { get; init; } = ClientToolPolicy.Allow;

    /// <summary>
    /// What those of <see cref="Tools"/> that are agents are for, by their ids, told to the model. An agent's file may say it; what is not said is
    /// filled in when a run is started, from what those agents say of themselves.
    /// </summary>
    public IReadOnlyDictionary<string, string>? DelegateDescriptions { get; init; }

    /// <summary>
    /// Those of <see cref="Tools"/> that are of MCP servers, each as it was approved. Filled in when a run is started, for its model and its gates.
    /// </summary>
    public IReadOnlyList<McpToolPin>? McpTools { get; init; }

    /// <summary>Model calls per run; 1 to 200.</summary>
    public int MaxTurns { get; init; } = 20;

    /// <summary>Tool calls per run; 0 to 1000.</summary>
    public int MaxToolCalls { get; init; } = 50;

    /// <summary>Seconds from a run's creation until it expires; 1 to 604,800 (a week).</summary>
    public int DeadlineSeconds { get; init; } = 3600;

    /// <summary>Sampling temperature, 0 to 2; absent leaves the provider's default.</summary>
    public float? Temperature { get; init; }

    /// <summary>The share of the likeliest words that the model chooses from, 0 to 1. Filled in when a run is started, from what its caller asked for.</summary>
    public float? TopP { get; init; }

    /// <summary>Upper bound of one answer's tokens, 1 to 1,000,000; absent leaves the provider's default.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>How much a model that can reason does so; absent leaves the model's default. A model that takes no such wish is not told.</summary>
    public EffortLevel? ReasoningEffort { get; init; }

    /// <summary>
    /// Whether the model may call tools at all. Filled in when a run is started, from what its caller asked for; null leaves it to the model.
    /// </summary>
    public ToolChoice? ToolChoice { get; init; }

    /// <summary>With <see cref="ToolChoice.Required"/>: the tool that is to be called; null for any. Filled in as that is.</summary>
    public string? RequiredTool { get; init; }

    /// <summary>JSON schema the final answer must satisfy.</summary>
    public JsonElement? ResponseSchema { get; init; }

    public CachePolicy? Cache { get; init; }

    /// <summary>How much of a conversation the model is shown; absent leaves <see cref="ContextPolicy.Default"/>.</summary>
    public ContextPolicy? Context { get; init; }

    /// <summary>Days its runs and conversations are kept, 0 (for ever) to 3650; absent leaves the setting <c>Retention__Days</c>.</summary>
    public int? RetentionDays { get; init; }

    public RedactionMode Redaction { get; init; } = RedactionMode.Off;
}

/// <summary>What happens to a run when nobody decides about a pending approval in time.</summary>
public enum ApprovalExpiry
{
    /// <summary>The run ends as expired.</summary>
    Expire,

    /// <summary>The call counts as denied and the run goes on.</summary>
    Deny,
}

/// <summary>What becomes of tools that the caller of a run makes itself.</summary>
public enum ClientToolPolicy
{
    Allow,

    /// <summary>A request with such tools is refused.</summary>
    Refuse,
}

/// <summary>How much a model reasons; where a model has fewer levels, the nearest counts.</summary>
public enum EffortLevel
{
    /// <summary>Not at all, or as little as the model can.</summary>
    None,

    Low,

    Medium,

    High,

    /// <summary>As much as the model can.</summary>
    Xhigh,
}

/// <summary>Whether a model may call the tools of its agent.</summary>
public enum ToolChoice
{
    /// <summary>As the model sees fit.</summary>
    Auto,

    /// <summary>It is told of none.</summary>
    None,

    /// <summary>The first answer of a run calls one; those after it do as the model sees fit, or no run would end.</summary>
    Required,
}
