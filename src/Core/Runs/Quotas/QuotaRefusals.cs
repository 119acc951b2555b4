using Yggdrasil.Limits;
using static System.FormattableString;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What a caller is told whose request does not fit.</summary>
internal static class QuotaRefusals
{
    public static QuotaRefusal Rate(string? agentKey, int perMinute, TimeSpan untilNext) => new(
        QuotaLimit.Rate,
        Invariant($"The limit of {perMinute} runs started per minute{Of(agentKey)}{(agentKey is null || QuotaBounds.IsApiKey(agentKey) ? ", writes included," : "")} is reached; the next one is taken in {Seconds(untilNext)} s."),
        untilNext);

    public static QuotaRefusal Concurrency(string? agentKey, int slots, TimeSpan retryAfter) => new(
        QuotaLimit.Concurrency,
        Invariant($"{slots} runs{Of(agentKey)} go on at the same time, which is as many as may; wait for one to end."),
        retryAfter);

    public static QuotaRefusal Budget(
        string? agentKey, UsageLimits limits, QuotaAmount spent, QuotaAmount reserved, QuotaAmount need, DateTimeOffset reset, TimeSpan retryAfter)
    {
        var isTokens = limits.TokensPerDay is { } tokens && (spent + reserved + need).Tokens > tokens;
        var (limit, figures) = isTokens
            ? (Invariant($"{limits.TokensPerDay} tokens"), Invariant($"{spent.Tokens} are used, {reserved.Tokens} reserved by runs that go on, and a model call may take {need.Tokens}"))
            : (Invariant($"{limits.CostPerDayUsd} US dollars"), Invariant($"{spent.CostUsd:0.######} are used, {reserved.CostUsd:0.######} reserved by runs that go on, and a model call may cost {need.CostUsd:0.######}"));
        return new(
            QuotaLimit.Budget,
            Invariant($"The limit of {limit} a day{Of(agentKey)} does not allow this: {figures}. It resets at {reset:yyyy-MM-dd'T'HH:mm:ss'Z'}."),
            retryAfter);
    }

    private static string Of(string? agentKey) => agentKey is null ? ""
        : QuotaBounds.IsApiKey(agentKey) ? " with this API key"
        : $" with the agent \"{agentKey}\"";

    private static int Seconds(TimeSpan time) => Math.Max(1, (int)Math.Ceiling(time.TotalSeconds));
}
