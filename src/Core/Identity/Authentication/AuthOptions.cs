namespace Yggdrasil.Identity.Authentication;

/// <summary>How callers are authenticated. Section <c>Auth</c>. Checked by <see cref="AuthOptionsValidator"/>.</summary>
public sealed class AuthOptions
{
    public const string Section = "Auth";

    /// <summary>Access tokens of an OpenID Connect issuer. The default.</summary>
    public const string JwtMode = "Jwt";

    /// <summary><c>dev:&lt;user&gt;</c> bearer tokens, for laptops and CI.</summary>
    public const string DevelopmentMode = "Development";

    /// <summary><c>Jwt</c>, or <c>Development</c>, which only the Development environment on a loopback address accepts.</summary>
    public string Mode { get; set; } = JwtMode;

    /// <summary>In development mode, who a request without credentials acts as; null refuses it.</summary>
    public string? AnonymousUser { get; set; }

    /// <summary>
    /// The issuer: <c>/.well-known/openid-configuration</c> below it is its discovery document. Required in mode Jwt; an
    /// <c>https</c> address (plain <c>http</c> only for loopback, in the Development environment).
    /// </summary>
    public string? Authority { get; set; }

    /// <summary>For whom tokens must be issued (<c>aud</c>). Required in mode Jwt.</summary>
    public string? Audience { get; set; }

    /// <summary>
    /// The one claim that names the user. It must be unique within the tenant and never given to somebody else, as
    /// <c>oid</c> and <c>sub</c> are and an e-mail address is not. A token without it is refused.
    /// </summary>
    public string UserClaim { get; set; } = "oid";

    /// <summary>The claim that lists the caller's roles.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>The tenants (<c>tid</c>) whose tokens are accepted. Required for multi-tenant authorities; empty accepts the issuer's own.</summary>
    public IList<string> AllowedTenants { get; } = [];

    /// <summary>Scopes (<c>scp</c> or <c>scope</c>), of which one gives permission to use this service.</summary>
    public IList<string> RequiredScopes { get; } = [];

    /// <summary>Roles, of which one gives that permission as well. With neither list, every valid token has it.</summary>
    public IList<string> RequiredRoles { get; } = [];

    /// <summary>Who is refused in spite of a valid token, beside the users an admin disabled: <c>user</c> or <c>tenant/user</c>.</summary>
    public IList<string> DisabledUsers { get; } = [];

    /// <summary>
    /// Seconds between two readings of the issuer's keys that tokens with unknown keys can cause; 2 to 3600. The keys are
    /// read again every hour in any case.
    /// </summary>
    public int KeyRefreshSeconds { get; set; } = 30;
}
