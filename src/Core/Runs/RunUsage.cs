using Microsoft.Extensions.AI;

namespace Yggdrasil.Runs;

/// <summary>What a run has consumed so far.</summary>
/// <param name="CostUsd">US dollars, of the calls whose model has a known price.</param>
public sealed record RunUsage(
    long InputTokens = 0, long OutputTokens = 0, int ModelCalls = 0, int ToolCalls = 0, decimal CostUsd = 0)
{
    public long TotalTokens => InputTokens + OutputTokens;

    public RunUsage AddModelCall(UsageDetails? usage) => this with
    {
        InputTokens = InputTokens + (usage?.InputTokenCount ?? 0),
        OutputTokens = OutputTokens + (usage?.OutputTokenCount ?? 0),
        ModelCalls = ModelCalls + 1,
    };
}

/// <summary>Why a run failed, in words that are safe to show.</summary>
/// <param name="Code">A stable code, such as <c>provider_unavailable</c> or <c>internal_error</c>.</param>
public sealed record RunError(string Code, string Message)
{
    /// <summary>What was stored for the run was changed, or is protected by a key that is gone.</summary>
    internal static readonly RunError ContentUnreadable =
        new("content_unreadable", "The stored content of this run cannot be read; the operator has been alerted.");
}
