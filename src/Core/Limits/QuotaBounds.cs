namespace Yggdrasil.Limits;

/// <summary>The limits that hold for one user's runs of one agent.</summary>
/// <param name="User">Of all the user's runs together.</param>
/// <param name="AgentKey">Under which the use of the agent is counted; null where it has no limits of its own.</param>
/// <param name="Agent">Of the user's runs of the agent.</param>
internal sealed record QuotaBounds(UsageLimits User, string? AgentKey = null, UsageLimits? Agent = null)
{
    /// <summary>Limits nothing, but says which agent's use is counted.</summary>
    public static QuotaBounds ToCountOnly(string? agentKey) =>
        agentKey is null ? new(new UsageLimits()) : new(new UsageLimits(), agentKey, new UsageLimits());

    public bool HasBudget => User.HasBudget || Agent?.HasBudget == true;

    /// <summary>The smallest limit of a day's tokens.</summary>
    public long? TokensPerDay => User.TokensPerDay is { } user && Agent?.TokensPerDay is { } agent
        ? Math.Min(user, agent)
        : User.TokensPerDay ?? Agent?.TokensPerDay;

    /// <summary>Each scope that is counted, with its limits.</summary>
    public IEnumerable<(string? AgentKey, UsageLimits Limits)> Scopes =>
        Agent is null ? [(null, User)] : [(null, User), (AgentKey, Agent)];
}
