using Microsoft.Extensions.Options;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;
using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Users;

/// <summary>Disabled users: by configuration, or by an admin.</summary>
public sealed class DisabledUsers
{
    private readonly HashSet<string> _configured;
    private readonly KnownUsers _known;
    private readonly ApiKeyAuthentication _keys;

    internal DisabledUsers(IOptions<AuthOptions> options, KnownUsers known, ApiKeyAuthentication keys)
    {
        // Ids that differ in case only are one here: an entry in the wrong case must not leave the user enabled.
        _configured = options.Value.DisabledUsers.Select(Canonical).ToHashSet(StringComparer.OrdinalIgnoreCase);
        (_known, _keys) = (known, keys);
    }

    public async ValueTask<bool> ContainsAsync(Owner user, CancellationToken cancellationToken) =>
        (_configured.Count > 0 && (_configured.Contains(user.User) || _configured.Contains($"{user.Tenant}/{user.User}")))
        || (await _known.FindAsync(user, cancellationToken)).IsDisabled;

    /// <summary>Whether a caller who was let in would not be any more: the user is disabled, or the API key revoked or expired.</summary>
    public async ValueTask<bool> IsLockedOutAsync(Caller caller, CancellationToken cancellationToken) =>
        await ContainsAsync(caller.Owner, cancellationToken) || (caller.Key is { } key && !await _keys.IsValidAsync(key, cancellationToken));

    /// <summary><c>tenant/user</c> with the tenant as owners have it; a user's id alone as it is.</summary>
    private static string Canonical(string entry) => entry.IndexOf('/', StringComparison.Ordinal) is > 0 and var slash
        ? $"{TenantId.Canonical(entry[..slash])}{entry[slash..]}"
        : entry;
}
