using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Core;
using Azure.Identity;
using Yggdrasil.Protection.Secrets;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tools.Mcp.Transport;

/// <summary>The tokens with which one server is asked. They are the app's, made for that server; a caller's is never among them.</summary>
/// <param name="http">For the token endpoint; its answers are bounded.</param>
internal sealed class McpTokens(McpServerOptions server, ISecrets secrets, Func<TokenCredential> credential, HttpMessageInvoker http, TimeProvider time)
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private volatile Known? _known;

    /// <exception cref="McpFailure">There is none.</exception>
    public async ValueTask<string?> GetAsync(CancellationToken cancellationToken) => server.Auth.Type switch
    {
        McpAuthType.Bearer => Secret(),
        McpAuthType.ClientCredentials => await KnownOrAsync(AskAsync, cancellationToken),
        McpAuthType.ManagedIdentity => await KnownOrAsync(AskIdentityAsync, cancellationToken),
        _ => null,
    };

    public void Forget() => _known = null;

    private async ValueTask<string> KnownOrAsync(Func<CancellationToken, Task<Known>> ask, CancellationToken cancellationToken)
    {
        var known = _known;
        if (known is null || time.GetUtcNow() >= known.Until)
        {
            _known = known = await ask(cancellationToken);
        }

        return known.Token;
    }

    private string Secret() => secrets.Find(SecretName.OfMcp(server.Auth.Secret!))
        ?? throw new McpFailure(McpFailureKind.Unauthorized, $"The secret {server.Auth.Secret} is not there: put it into the key vault.");

    /// <summary>OAuth 2 client credentials, for this server as the resource (RFC 8707).</summary>
    private async Task<Known> AskAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, string> form = new()
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = server.Auth.ClientId!,
            ["client_secret"] = Secret(),
            ["resource"] = server.Endpoint.GetLeftPart(UriPartial.Path),
        };
        if (server.Auth.Scope is { Length: > 0 } scope)
        {
            form["scope"] = scope;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, server.Auth.TokenUrl) { Content = new FormUrlEncodedContent(form) };
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                throw new McpFailure(McpFailureKind.Unauthorized, $"The token endpoint answered {(int)response.StatusCode}: check Auth__ClientId, Auth__Secret and Auth__Scope.");
            }

            var answer = await response.Content.ReadFromJsonAsync<TokenAnswer>(cancellationToken);
            return answer is { AccessToken.Length: > 0 }
                ? Keep(answer.AccessToken, time.GetUtcNow().AddSeconds(Math.Clamp(answer.ExpiresIn ?? 0, 0, Longest.TotalSeconds)))
                : throw new McpFailure(McpFailureKind.Unauthorized, "The token endpoint gave no token.");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException)
        {
            throw new McpFailure(McpFailureKind.Unauthorized, "The token endpoint does not answer, or not in JSON.", failure);
        }
    }

    private async Task<Known> AskIdentityAsync(CancellationToken cancellationToken)
    {
        try
        {
            var token = await credential().GetTokenAsync(new TokenRequestContext([server.Auth.Scope!]), cancellationToken);
            return Keep(token.Token, token.ExpiresOn);
        }
        catch (AuthenticationFailedException failure)
        {
            throw new McpFailure(McpFailureKind.Unauthorized, "The app's managed identity gets no token for Auth__Scope.", failure);
        }
    }

    private static Known Keep(string token, DateTimeOffset expiresAt) => new(token, expiresAt - Margin);

    private sealed record Known(string Token, DateTimeOffset Until);

    private sealed record TokenAnswer(
        [property: JsonPropertyName("access_token")] string? AccessToken, [property: JsonPropertyName("expires_in")] double? ExpiresIn);
}
