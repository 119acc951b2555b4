using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Identity.Authentication;

/// <summary>Reads from a valid token who the caller is, and whether the token gives permission.</summary>
internal sealed class TokenCaller(AuthOptions options)
{
    private static readonly string[] ScopeClaims = ["scp", "scope"];

    /// <exception cref="UnauthenticatedException">The token names no user, or a tenant that is not allowed.</exception>
    /// <exception cref="ForbiddenException">None of the required scopes and roles is in the token.</exception>
    public Caller Create(JsonWebToken token, OpenIdConnectConfiguration issuer)
    {
        var owner = new Owner(TenantOf(token, issuer), OnlyValue(token, options.UserClaim) ?? throw JwtAuthentication.Refused());
        if (!UserId.IsValid(owner))
        {
            // Whom no admin could name, nobody could disable.
            throw JwtAuthentication.Refused();
        }

        var roles = Values(token, options.RoleClaim).ToHashSet(StringComparer.Ordinal);
        RequirePermission(ScopeClaims.SelectMany(claim => Values(token, claim)), roles);
        return new Caller(owner, roles);
    }

    /// <summary>
    /// The token's <c>tid</c>; for issuers without tenants a constant made of the issuer, so that the users of another
    /// issuer, should the service move to one, never get the data of users with the same id.
    /// </summary>
    private string TenantOf(JsonWebToken token, OpenIdConnectConfiguration issuer)
    {
        var tenant = OnlyValue(token, IssuerRule.TenantClaim);
        if (tenant is null && Values(token, IssuerRule.TenantClaim).Any())
        {
            throw JwtAuthentication.Refused();
        }

        // A multi-tenant issuer without a list of tenants is as good as none: anybody can make a tenant.
        var restricted = options.AllowedTenants.Count > 0 || issuer.Issuer.Contains('{', StringComparison.Ordinal);
        if (restricted && !options.AllowedTenants.Any(allowed => TenantId.IsSame(allowed, tenant)))
        {
            throw JwtAuthentication.Refused();
        }

        return tenant is not null
            ? TenantId.Canonical(tenant)
            : $"iss-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(issuer.Issuer)).AsSpan(0, 8))}";
    }

    private void RequirePermission(IEnumerable<string> scopes, HashSet<string> roles)
    {
        if (options.RequiredScopes.Count + options.RequiredRoles.Count == 0)
        {
            return;
        }

        var granted = scopes.SelectMany(scope => scope.Split(' ')).Intersect(options.RequiredScopes, StringComparer.Ordinal).Any()
                      || roles.Overlaps(options.RequiredRoles);
        if (!granted)
        {
            throw new ForbiddenException("The access token is valid but has none of the scopes and roles that this service requires.");
        }
    }

    private static string? OnlyValue(JsonWebToken token, string claim) =>
        Values(token, claim).Take(2).ToList() is [{ Length: > 0 } value] ? value : null;

    // Text only: an object or null in a claim's place is no user, tenant or role.
    private static IEnumerable<string> Values(JsonWebToken token, string claim) =>
        from found in token.Claims
        where found.Type == claim && found.ValueType is ClaimValueTypes.String
        select found.Value;
}
