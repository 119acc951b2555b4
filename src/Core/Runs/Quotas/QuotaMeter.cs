using Yggdrasil.Limits;

namespace Yggdrasil.Runs.Quotas;

/// <summary>What was used on a day, and how fast.</summary>
/// <param name="Used">What runs have used and accounted for.</param>
/// <param name="Requests">Runs started.</param>
internal readonly record struct QuotaMeter(QuotaAmount Used, long Requests, RateBucket Bucket);

/// <summary>What a run that goes on may still use, and its slot among the concurrent ones.</summary>
/// <param name="Until">When it is void: a driver that lives renews it long before.</param>
/// <param name="AgentKey">The agent's, where its use is counted.</param>
/// <param name="ApiKey">The API key's, where its use is counted.</param>
internal sealed record Reservation(QuotaAmount Amount, DateTimeOffset Until, string? AgentKey, string? ApiKey = null)
{
    /// <param name="scopeKey">Of an agent or an API key; null for all of the owner's runs.</param>
    public bool IsOf(string? scopeKey) => scopeKey is null || scopeKey == AgentKey || scopeKey == ApiKey;
}
