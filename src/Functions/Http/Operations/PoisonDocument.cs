using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Functions.Http.Operations;

/// <summary>A prompt that was given up, as the contract shows it: never what it said.</summary>
/// <param name="PromptId">The id its sender gave it.</param>
internal sealed record PoisonDocument(
    string Id,
    string? PromptId,
    PoisonOwner? Owner,
    string? Agent,
    PoisonError Error,
    long Attempts,
    DateTimeOffset EnqueuedAt,
    DateTimeOffset PoisonedAt,
    DateTimeOffset? ReplayedAt,
    string? ReplayedBy,
    PoisonLinks Links)
{
    public static PoisonDocument From(PoisonedPrompt prompt) => new(
        prompt.Id,
        prompt.PromptId,
        prompt.Owner is { } owner ? new PoisonOwner(owner.Tenant, owner.User) : null,
        prompt.AgentId,
        new PoisonError(prompt.Code, prompt.Detail),
        prompt.Attempts,
        prompt.EnqueuedAt,
        prompt.PoisonedAt,
        prompt.ReplayedAt,
        prompt.ReplayedBy,
        new PoisonLinks($"/api/poison/{prompt.Id}/replay"));
}

internal sealed record PoisonOwner(string Tenant, string User);

internal sealed record PoisonError(string Code, string Message);

internal sealed record PoisonLinks(string Replay);
