namespace Yggdrasil.Limits;

/// <summary>The limits that hold for one user's runs of one agent.</summary>
/// <param name="User">Of all the user's runs together.</param>
/// <param name="AgentKey">Under which the use of the agent is counted; null where it has no limits of its own.</param>
/// <param name="Agent">Of the user's runs of the agent.</param>
/// <param name="ApiKey">Under which the use of the API key is counted that the run was started with; null where it has no limits of its own.</param>
/// <param name="Key">Of the runs that were started with the key.</param>
internal sealed record QuotaBounds(
    UsageLimits User, string? AgentKey = null, UsageLimits? Agent = null, string? ApiKey = null, UsageLimits? Key = null)
{
    private const string ApiKeyPrefix = "key:";

    /// <summary>Limits nothing, but says which agent's use is counted, and which API key's.</summary>
    public static QuotaBounds ToCountOnly(string? agentKey, string? apiKey) => new(
        new UsageLimits(),
        agentKey, agentKey is null ? null : new UsageLimits(),
        apiKey, apiKey is null ? null : new UsageLimits());

    /// <summary>Under which the use of an API key is counted; no agent's id has this form.</summary>
    public static string ApiKeyOf(string keyId) => ApiKeyPrefix + keyId;

    /// <summary>Whether use is counted under this for an API key, and not for an agent.</summary>
    public static bool IsApiKey(string scopeKey) => scopeKey.StartsWith(ApiKeyPrefix, StringComparison.Ordinal);

    public bool HasBudget => Scopes.Any(scope => scope.Limits.HasBudget);

    /// <summary>The smallest limit of a day's tokens.</summary>
    public long? TokensPerDay => Scopes.Min(scope => scope.Limits.TokensPerDay);

    /// <summary>Each scope that is counted, with its limits: the user's, then the agent's and the API key's.</summary>
    public IEnumerable<(string? ScopeKey, UsageLimits Limits)> Scopes
    {
        get
        {
            yield return (null, User);
            if (Agent is not null)
            {
                yield return (AgentKey, Agent);
            }

            if (Key is not null)
            {
                yield return (ApiKey, Key);
            }
        }
    }
}
