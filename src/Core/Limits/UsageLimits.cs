using System.Text.Json.Serialization;

namespace Yggdrasil.Limits;

/// <summary>Limits of a user. An absent member leaves the limit to the next level: user, tenant, default.</summary>
public sealed record UsageLimits
{
    /// <summary>
    /// The most concurrent runs that may be allowed: each is named in the owner's one quota row, of whose text storage keeps 64 KiB.
    /// </summary>
    public const int MaxConcurrentRuns = 500;

    /// <summary>A thousand a second, about half of what one partition of a table takes.</summary>
    public const int MaxRequestsPerMinute = 60_000;

    private const long MaxTokensPerDay = 1_000_000_000_000;
    private const decimal MaxCostPerDayUsd = 1_000_000;

    /// <summary>Input and output tokens of a day in UTC; 0 to 10^12.</summary>
    public long? TokensPerDay { get; init; }

    /// <summary>US dollars of a day in UTC, 0 to 1,000,000. Models without a known price count as free.</summary>
    public decimal? CostPerDayUsd { get; init; }

    /// <summary>
    /// Runs started per minute, 1 to 60,000; so many may be started at once, then they come back one by one. Of a user's own, requests that
    /// write agents, shares, schedules, batches or callback secrets count too.
    /// </summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Runs that go on at the same time, 1 to 500; one that waits or is suspended does not count.</summary>
    public int? ConcurrentRuns { get; init; }

    [JsonIgnore]
    public bool IsEmpty => this == new UsageLimits();

    /// <summary>Whether a day's use is limited.</summary>
    internal bool HasBudget => TokensPerDay is not null || CostPerDayUsd is not null;

    /// <summary>These limits and, where they say nothing, those of <paramref name="others"/>.</summary>
    public UsageLimits Or(UsageLimits others) => new()
    {
        TokensPerDay = TokensPerDay ?? others.TokensPerDay,
        CostPerDayUsd = CostPerDayUsd ?? others.CostPerDayUsd,
        RequestsPerMinute = RequestsPerMinute ?? others.RequestsPerMinute,
        ConcurrentRuns = ConcurrentRuns ?? others.ConcurrentRuns,
    };

    /// <summary>What is out of range, by the name of the member.</summary>
    public IEnumerable<(string Member, string Rule)> Problems()
    {
        if (TokensPerDay is < 0 or > MaxTokensPerDay)
        {
            yield return (nameof(TokensPerDay), FormattableString.Invariant($"must be between 0 and {MaxTokensPerDay}."));
        }

        if (CostPerDayUsd is < 0 or > MaxCostPerDayUsd)
        {
            yield return (nameof(CostPerDayUsd), FormattableString.Invariant($"must be between 0 and {MaxCostPerDayUsd}."));
        }

        if (RequestsPerMinute is < 1 or > MaxRequestsPerMinute)
        {
            yield return (nameof(RequestsPerMinute), FormattableString.Invariant($"must be between 1 and {MaxRequestsPerMinute}."));
        }

        if (ConcurrentRuns is < 1 or > MaxConcurrentRuns)
        {
            yield return (nameof(ConcurrentRuns), FormattableString.Invariant($"must be between 1 and {MaxConcurrentRuns}."));
        }
    }
}
