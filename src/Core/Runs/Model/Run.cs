using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Schemas;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.ClientTools;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Quotas;

namespace Yggdrasil.Runs.Model;

/// <summary>A run as its row says it is, opened: with its agent, with what it was asked and what it answered.</summary>
public sealed record Run : RunHead
{
    public Run()
    {
    }

    /// <summary>The run whose row says <paramref name="head"/> in plain; what else was opened is to be set.</summary>
    [SetsRequiredMembers]
    internal Run(RunHead head, AgentDefinition agent)
        : base(head) => Agent = agent;

    /// <summary>The agent as it was when the run was accepted, with the run's own limits applied.</summary>
    public required AgentDefinition Agent { get; init; }

    /// <summary>The tools that its caller makes, beside those of <see cref="Agent"/>.</summary>
    public IReadOnlyList<ClientTool> ClientTools { get; init; } = [];

    /// <summary>What to do when the conversation has an active run. Matters at the start only and is not stored.</summary>
    public OnConflict OnConflict { get; init; }

    /// <summary>Models are shown nothing of the conversation from before it. Matters at the start only and is not stored.</summary>
    public bool BeginsAnew { get; init; }

    /// <summary>What it was asked; null where the run was loaded without the beginning of its journal.</summary>
    public IReadOnlyList<ChatMessage>? Input { get; init; }

    /// <summary>The address that the message about its end goes to. Matters at the start only and is not read back.</summary>
    internal string? CallbackUrl { get; init; }

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>SHA-256 of the agent id and the raw request body, for requests with an <c>Idempotency-Key</c>.</summary>
    public string? RequestHash { get; init; }

    public string? Output { get; init; }

    /// <summary>What it asks of the owner's quota. Matters to one commit only and is not stored.</summary>
    public QuotaRequest? QuotaRequest { get; init; }

    /// <summary>The failure that ended it, for whoever drove it. Not stored: <see cref="RunHead.Error"/> is what is kept of it.</summary>
    internal ProviderException? ProviderFailure { get; init; }

    /// <summary>The tool calls that wait for somebody outside, in the order they were asked for.</summary>
    public IReadOnlyList<PendingApproval> Awaited { get; init; } = [];

    /// <summary>Those of <see cref="Awaited"/> that wait for a human's decision.</summary>
    public IReadOnlyList<PendingApproval> PendingApprovals => [.. Awaited.Where(call => !call.IsWithClient)];

    /// <summary>Those of <see cref="Awaited"/> that the caller is to make.</summary>
    public IReadOnlyList<PendingApproval> PendingToolCalls => [.. Awaited.Where(call => call.IsWithClient)];

    /// <summary>Decisions about its calls, journaled or not yet; only where the run was loaded together with its journal.</summary>
    public IReadOnlyList<ApprovalDecision> Decisions { get; init; } = [];

    /// <summary>Its caller's answers, journaled or not yet; only where the run was loaded together with its journal.</summary>
    public IReadOnlyList<ClientAnswer> Answers { get; init; } = [];

    /// <summary>What of <see cref="Awaited"/> its row holds already.</summary>
    internal StoredApprovals StoredApprovals { get; init; } = StoredApprovals.None;

    /// <summary>What the output says, in the form of the agent's schema. Null unless the model gave its answer: limits end a run with any text.</summary>
    public JsonElement? StructuredOutput =>
        this is { StopReason: Model.StopReason.Completed, Agent.ResponseSchema: not null, Output: { } output } ? StructuredAnswer.Parse(output) : null;

    /// <summary>Whether it may call the model once more.</summary>
    public bool HasTurnLeft => Turns - InheritedTurns < Agent.MaxTurns;
}
