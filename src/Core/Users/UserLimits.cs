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

    /// <summary>The limits of what a caller does that is no agent's: the user's and, of an API key, its own.</summary>
    public async ValueTask<QuotaBounds> FindAsync(Caller caller, CancellationToken cancellationToken) =>
        WithKey(new QuotaBounds(await FindAsync(caller.Owner, cancellationToken)), caller.Key);

    /// <param name="caller">With the API key that the run was started with.</param>
    /// <param name="agentId">As the user names the agent.</param>
    public async ValueTask<QuotaBounds> FindAsync(Caller caller, string agentId, CancellationToken cancellationToken)
    {
        var limits = await FindAsync(caller.Owner, cancellationToken);
        var plainId = agentId[(agentId.IndexOf('~', StringComparison.Ordinal) + 1)..];
        var bounds = options.Agents.TryGetValue(plainId, out var agent)
            ? new QuotaBounds(limits, plainId.ToLowerInvariant(), agent)
            : new QuotaBounds(limits);
        return WithKey(bounds, caller.Key);
    }

    /// <summary>A key's limits are beside its user's: whichever is used up first refuses.</summary>
    private static QuotaBounds WithKey(QuotaBounds bounds, CallerKey? key) => key is not { HasLimits: true } ? bounds : bounds with
    {
        ApiKey = QuotaBounds.ApiKeyOf(key.Id),
        Key = new UsageLimits { RequestsPerMinute = key.RequestsPerMinute, TokensPerDay = key.TokensPerDay },
    };
}
