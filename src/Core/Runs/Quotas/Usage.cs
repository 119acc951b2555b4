using Yggdrasil.Limits;

namespace Yggdrasil.Runs.Quotas;

/// <summary>A user's limits and use.</summary>
/// <param name="Limits">Those that hold, wherever they come from.</param>
/// <param name="Days">Newest first, beginning today; also those on which nothing was used.</param>
public sealed record Usage(UsageLimits Limits, IReadOnlyList<UsageDay> Days);

/// <param name="Date">A day in UTC.</param>
/// <param name="Tokens">Input and output of model calls.</param>
/// <param name="Requests">Runs started.</param>
/// <param name="CostUsd">US dollars, of the calls whose model has a known price.</param>
public sealed record UsageDay(DateOnly Date, long Tokens, long Requests, decimal CostUsd);

/// <summary>How many tokens of the current day are left.</summary>
/// <param name="Remaining">Neither used nor reserved by runs that go on.</param>
/// <param name="Reset">Until the next day begins, in UTC.</param>
public sealed record TokenStatus(long Limit, long Remaining, TimeSpan Reset);

/// <summary>How many requests of the current minute are left.</summary>
/// <param name="Remaining">May be started at once.</param>
/// <param name="Reset">Until all of <paramref name="Limit"/> may be again.</param>
public sealed record RateStatus(int Limit, int Remaining, TimeSpan Reset)
{
    internal static RateStatus Of(RateBucket bucket, int perMinute, DateTimeOffset now) =>
        new(perMinute, bucket.Remaining(now, perMinute), bucket.UntilFull(now, perMinute));
}
