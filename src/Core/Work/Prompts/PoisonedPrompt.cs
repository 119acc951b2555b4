using Yggdrasil.Identity;

namespace Yggdrasil.Work.Prompts;

/// <summary>A poisoned prompt: sender, reason and time, without its content.</summary>
/// <param name="Id">Ours; sorts newest first.</param>
/// <param name="PromptId">The sender's, as far as it could be read.</param>
/// <param name="Attempts">Deliveries it took.</param>
/// <param name="ReplayedAt">When an operator put it into the queue again, last.</param>
public sealed record PoisonedPrompt(
    string Id,
    string? PromptId,
    Owner? Owner,
    string? AgentId,
    string Code,
    string Detail,
    long Attempts,
    DateTimeOffset EnqueuedAt,
    DateTimeOffset PoisonedAt,
    DateTimeOffset? ReplayedAt = null,
    string? ReplayedBy = null);
