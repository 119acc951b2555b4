using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Limits;

internal enum QuotaLimit
{
    Rate,
    Budget,
    Concurrency,
}

/// <summary>Why something does not fit into a quota.</summary>
/// <param name="Detail">Which limit, how far it is used up, and when it is not any more.</param>
internal sealed record QuotaRefusal(QuotaLimit Limit, string Detail, TimeSpan RetryAfter)
{
    public LimitException ToException() => Limit switch
    {
        QuotaLimit.Rate => new RateLimitedException(Detail, RetryAfter),
        QuotaLimit.Budget => new QuotaExceededException(Detail, RetryAfter),
        QuotaLimit.Concurrency => new TooManyConcurrentRunsException(Detail, RetryAfter),
        _ => throw new InvalidOperationException($"Unknown limit {Limit}."),
    };
}
