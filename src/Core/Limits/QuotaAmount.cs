namespace Yggdrasil.Limits;

/// <summary>An amount of tokens and money, as limited per day.</summary>
/// <param name="Tokens">Input and output together.</param>
/// <param name="CostUsd">US dollars.</param>
public readonly record struct QuotaAmount(long Tokens, decimal CostUsd)
{
    public static QuotaAmount operator +(QuotaAmount one, QuotaAmount other) =>
        new(one.Tokens + other.Tokens, one.CostUsd + other.CostUsd);

    public static QuotaAmount operator -(QuotaAmount one, QuotaAmount other) =>
        new(one.Tokens - other.Tokens, one.CostUsd - other.CostUsd);

    public static QuotaAmount operator *(QuotaAmount one, int times) => new(one.Tokens * times, one.CostUsd * times);

    /// <summary>Whether it is enough for <paramref name="need"/>.</summary>
    public bool Covers(QuotaAmount need) => need.Tokens <= Tokens && need.CostUsd <= CostUsd;
}
