using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Yggdrasil.Identity.Authentication;

/// <summary>The rule for <c>iss</c>.</summary>
internal static class IssuerRule
{
    public const string TenantClaim = "tid";

    // What the discovery document of a multi-tenant authority has in place of a tenant.
    private const string TenantTemplate = "{tenantid}";

    /// <summary>
    /// Whether the token's issuer is the one of the discovery document, for the token's tenant, and may sign with the key
    /// that the token names: a multi-tenant authority publishes keys that belong to some issuers only.
    /// </summary>
    public static bool IsValid(string issuer, JsonWebToken token, OpenIdConnectConfiguration configuration)
    {
        var tenant = token.TryGetPayloadValue<string>(TenantClaim, out var value) ? value : "";
        return IsOfTenant(configuration.Issuer, issuer, tenant)
               && configuration.JsonWebKeySet.Keys.Where(key => key.Kid == token.Kid).All(key => IsOf(key, issuer, tenant));
    }

    private static bool IsOf(JsonWebKey key, string issuer, string tenant) =>
        !key.AdditionalData.TryGetValue("issuer", out var owner)
        || IsOfTenant(owner as string ?? (owner as JsonElement?)?.GetString(), issuer, tenant);

    /// <summary>Whether the issuer is the template, with the token's tenant in its place: character by character, a GUID by its value.</summary>
    private static bool IsOfTenant(string? template, string issuer, string tenant)
    {
        if (template?.Split(TenantTemplate) is not [var before, var after])
        {
            return issuer == template;
        }

        return issuer.Length >= before.Length + after.Length
               && issuer.StartsWith(before, StringComparison.Ordinal)
               && issuer.EndsWith(after, StringComparison.Ordinal)
               && TenantId.Canonical(issuer[before.Length..^after.Length]) == TenantId.Canonical(tenant);
    }
}
