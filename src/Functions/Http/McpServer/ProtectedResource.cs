using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>What MCP clients are told to get a token: the challenge of a refused request, and the document that it leads to (RFC 9728).</summary>
public sealed class ProtectedResource(IOptions<McpAgentOptions> settings, IOptions<AuthOptions> auth)
{
    private const string Path = "/mcp";
    private const string Document = "/.well-known/oauth-protected-resource/mcp";

    private IEnumerable<string> Scopes => settings.Value.Scopes.Count > 0 ? settings.Value.Scopes : auth.Value.RequiredScopes;

    /// <summary>Adds to the challenge of a refused request where its client learns more; that of other routes stays as it is.</summary>
    internal void Challenge(HttpContext http, ProblemException problem)
    {
        if (problem is not UnauthenticatedException refused || !http.Request.Path.Equals(Path, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        var scope = string.Join(' ', Scopes);
        var more = $"resource_metadata=\"{AddressOf(http.Request)}{Document}\"{(scope.Length > 0 ? $", scope=\"{scope}\"" : "")}";
        http.Response.Headers.WWWAuthenticate = refused.Challenge.Contains(' ', StringComparison.Ordinal)
            ? $"{refused.Challenge}, {more}"
            : $"{refused.Challenge} {more}";
    }

    internal ProtectedResourceDocument Describe(HttpRequest request) => new(
        $"{AddressOf(request)}{Path}",
        auth.Value is { Mode: AuthOptions.JwtMode, Authority: { } authority } ? [authority] : null,
        Scopes.ToList() is { Count: > 0 } scopes ? scopes : null,
        ["header"],
        "Yggdrasil agents");

    /// <summary>The address under which clients reach this app.</summary>
    /// <remarks>
    /// The Functions host passes the name that its client used in a header. Either is the client's own word and goes back to no one else;
    /// tokens are checked against the audience of the settings, whatever it says.
    /// </remarks>
    private string AddressOf(HttpRequest request)
    {
        if (settings.Value.PublicUrl is { Length: > 0 } known)
        {
            return known.TrimEnd('/');
        }

        var sent = request.Headers["X-Forwarded-Host"].ToString();
        return Uri.TryCreate($"https://{(sent.Length > 0 ? sent : request.Host.Value)}", UriKind.Absolute, out var uri) && uri.PathAndQuery == "/"
            ? $"{(uri.IsLoopback ? Uri.UriSchemeHttp : Uri.UriSchemeHttps)}://{uri.Authority}"
            : throw new InvalidRequestException("Host", "Is not the name of a host.");
    }
}

/// <summary>The metadata of RFC 9728, section 2.</summary>
internal sealed record ProtectedResourceDocument(
    [property: JsonPropertyName("resource")] string Resource,
    [property: JsonPropertyName("authorization_servers")] IReadOnlyList<string>? AuthorizationServers,
    [property: JsonPropertyName("scopes_supported")] IReadOnlyList<string>? ScopesSupported,
    [property: JsonPropertyName("bearer_methods_supported")] IReadOnlyList<string> BearerMethodsSupported,
    [property: JsonPropertyName("resource_name")] string ResourceName);
