using Yggdrasil.Identity;
using Yggdrasil.Limits;

namespace Yggdrasil.Users;

/// <summary>Which limits hold for whom: a user's own, then the tenant's, then everybody's; and the agent's besides.</summary>
internal sealed class UserLimits(LimitOptions options, KnownUsers users)
{
    /// <summary>The limits of all of a user's runs together.</summary>
    public async ValueTask<UsageLimits> FindAsync(Owner user, CancellationToken cancellationToken)
    {
        var own = (await users.FindAsync(user, cancellationToken)).Limits;
        var tenant = options.Tenants.GetValueOrDefault(user.Tenant) ?? new UsageLimits();
        return own.Or(tenant).Or(options.Default);
    }

    /// <param name="agentId">As the user names the agent.</param>
    public async ValueTask<QuotaBounds> FindAsync(Owner user, string agentId, CancellationToken cancellationToken)
    {
        var limits = await FindAsync(user, cancellationToken);
        var plainId = agentId[(agentId.IndexOf('~', StringComparison.Ordinal) + 1)..];
        return options.Agents.TryGetValue(plainId, out var agent)
            ? new QuotaBounds(limits, plainId.ToLowerInvariant(), agent)
            : new QuotaBounds(limits);
    }
}
