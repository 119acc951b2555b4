namespace Yggdrasil.Security;

/// <summary>How callers are authenticated. Section <c>Auth</c>.</summary>
public sealed class AuthOptions
{
    public const string Section = "Auth";

    /// <summary>The only mode of this version: <c>dev:&lt;user&gt;</c> bearer tokens, for laptops and CI.</summary>
    public const string DevelopmentMode = "Development";

    public string? Mode { get; set; }

    /// <summary>In development mode, who a request without credentials acts as; null refuses it.</summary>
    public string? AnonymousUser { get; set; }
}
