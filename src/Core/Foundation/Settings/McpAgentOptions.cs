namespace Yggdrasil.Foundation.Settings;

/// <summary>How agents are offered over <c>POST /mcp</c>. Section <c>McpServer</c>.</summary>
public sealed class McpAgentOptions
{
    public const string Section = "McpServer";

    /// <summary>
    /// The address of this app as clients know it, without a path, such as <c>https://agents.example.com</c>. Needed behind a gateway
    /// of another name; otherwise the name that a request came by is used.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>
    /// The scopes that clients are to ask for, as the issuer names them. Empty: those of <c>Auth__RequiredScopes</c>. Microsoft Entra
    /// wants the audience before each, such as <c>api://&lt;application id&gt;/access</c>.
    /// </summary>
    public IReadOnlyList<string> Scopes { get; set; } = [];

    /// <summary>Seconds that a call waits for its run before a client that knows tasks is given one instead; 0 to 200.</summary>
    public int TaskAfterSeconds { get; set; } = 10;

    /// <summary>Whether a text is an address of this app without a path: https, or plain http for this machine.</summary>
    internal static bool IsOrigin(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback))
        && uri.UserInfo.Length == 0 && uri.GetLeftPart(UriPartial.Authority) == address.TrimEnd('/');

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (PublicUrl is { Length: > 0 } address && !IsOrigin(address))
        {
            yield return "McpServer__PublicUrl must be an address without a path, such as https://agents.example.com; plain http only for this machine.";
        }

        if (TaskAfterSeconds is < 0 or > 200)
        {
            yield return "McpServer__TaskAfterSeconds must be between 0 and 200.";
        }

        foreach (var (index, scope) in Scopes.Index())
        {
            // RFC 6749 section 3.3.
            if (scope.Length == 0 || !scope.All(static c => c is > ' ' and < '\x7f' and not '"' and not '\\'))
            {
                yield return $"McpServer__Scopes__{index} must be one scope, of visible ASCII characters without quotes and backslashes.";
            }
        }
    }
}
