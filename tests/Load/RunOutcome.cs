namespace Yggdrasil.Load;

/// <summary>What came of one run, as its caller saw it.</summary>
/// <param name="Scenario">What was played.</param>
/// <param name="Error">
/// Null if the run completed; otherwise the kind: HTTP status and problem code (<c>429 rate_limited</c>), the run's status and
/// code (<c>failed provider_timeout</c>), <c>timeout</c>, <c>connection</c> or <c>unreadable answer</c>.
/// </param>
/// <param name="InputTokens">As the run's usage says.</param>
/// <param name="CostUsd">As the run's usage says; 0 for a failed request.</param>
internal sealed record RunOutcome(
    string Scenario, string? Error, long InputTokens = 0, long OutputTokens = 0, long ModelCalls = 0, long ToolCalls = 0, decimal CostUsd = 0)
{
    /// <summary>An arrival that was due but for which there was no room before the end: left out, it would make an overloaded host look good.</summary>
    public static RunOutcome NotSent { get; } = new("not sent", "not sent");
}
