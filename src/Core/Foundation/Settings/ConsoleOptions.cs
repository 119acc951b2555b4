namespace Yggdrasil.Foundation.Settings;

/// <summary>How the console signs its users in. Section <c>Console</c>.</summary>
public sealed class ConsoleOptions
{
    public const string Section = "Console";

    private const string EntraHost = "login.microsoftonline.com";

    /// <summary>
    /// The client id under which the issuer of <c>Auth__Authority</c> knows the console, a public client (code with PKCE, no secret).
    /// Empty turns the console off, except in the Development environment.
    /// </summary>
    public string? ClientId { get; set; }

    /// <summary>
    /// The scopes that the console asks for. Empty: <c>openid</c> and <c>offline_access</c> and, with Entra ID, <c>.default</c> of <c>Auth__Audience</c>.
    /// </summary>
    public IReadOnlyList<string> Scopes { get; set; } = [];

    /// <summary>The scopes to ask an issuer for.</summary>
    public IReadOnlyList<string> ScopesFor(string authority, string audience)
    {
        if (Scopes.Count > 0)
        {
            return Scopes;
        }

        var isEntra = Uri.TryCreate(authority, UriKind.Absolute, out var issuer) && issuer.Host == EntraHost;
        return isEntra ? ["openid", "offline_access", $"{audience}/.default"] : ["openid", "offline_access"];
    }

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (ClientId is { Length: > 0 } client && client.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)))
        {
            yield return "Console__ClientId must be a client id as the issuer shows it, without spaces.";
        }

        foreach (var (index, scope) in Scopes.Index())
        {
            if (scope.Length == 0 || scope.Any(char.IsWhiteSpace))
            {
                yield return $"Console__Scopes__{index} must be one scope, without spaces.";
            }
        }
    }
}
