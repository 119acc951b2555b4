using System.Text.Json;

namespace Yggdrasil.Runs.Approvals;

public enum ApprovalOutcome
{
    Approve,
    Deny,

    /// <summary>Nobody decided in time, and the agent says that this counts as a denial.</summary>
    Expire,
}

/// <summary>The outcome of an approval request. The first decision about a call counts, and no other.</summary>
/// <param name="CallId">The call it is about.</param>
/// <param name="By">The user who decided; null where time did.</param>
/// <param name="ArgumentsHash">What the decider was shown; see <see cref="PendingApproval"/>.</param>
/// <param name="Reason">Why, in the decider's words, which the model is told of a denial. Content.</param>
/// <param name="Arguments">What to call the tool with in place of the model's arguments: an object, or null. Content.</param>
public sealed record ApprovalDecision(
    string CallId,
    ApprovalOutcome Outcome,
    string? By,
    DateTimeOffset At,
    string ArgumentsHash,
    string? Reason = null,
    JsonElement? Arguments = null)
{
    /// <summary>Whether another request asks for the same thing; who asks, when and why may differ.</summary>
    public bool IsSameAs(ApprovalOutcome outcome, string argumentsHash, JsonElement? arguments) =>
        Outcome == outcome
        && ArgumentsHash == argumentsHash
        && (Arguments, arguments) switch
        {
            (null, null) => true,
            ({ } mine, { } other) => JsonElement.DeepEquals(mine, other),
            _ => false,
        };
}
