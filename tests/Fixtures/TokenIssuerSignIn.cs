using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Yggdrasil.Fixtures;

/// <summary>Sign-in of a public client: the authorization code flow with PKCE (RFC 7636), held to its rules.</summary>
public sealed partial class TokenIssuer
{
    private const string AuthorizationPath = "/authorize";
    private const string TokenPath = "/token";

    private readonly ConcurrentDictionary<string, IQueryCollection> _codes = new();

    /// <summary>The one client that users sign in to.</summary>
    public const string ClientId = "console-client";

    /// <summary>Who signs in: this issuer asks nobody.</summary>
    public string SignsIn { get; set; } = "alice";

    private Task AuthorizeAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (query["client_id"] != ClientId || query["response_type"] != "code" || query["code_challenge_method"] != "S256"
            || query["code_challenge"].ToString().Length != 43 || query["state"].ToString().Length == 0)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return Task.CompletedTask;
        }

        var code = Guid.NewGuid().ToString("N");
        _codes[code] = query;
        context.Response.Redirect(QueryHelpers.AddQueryString(
            query["redirect_uri"]!, new Dictionary<string, string?> { ["code"] = code, ["state"] = query["state"] }));
        return Task.CompletedTask;
    }

    private async Task ExchangeAsync(HttpContext context, CancellationToken cancellationToken)
    {
        context.Response.Headers.AccessControlAllowOrigin = "*";
        var form = await context.Request.ReadFormAsync(cancellationToken);
        context.Response.ContentType = "application/json";

        // A code is good once, for who holds the verifier, and for the address it was sent to.
        if (!_codes.TryRemove(form["code"].ToString(), out var asked)
            || asked["redirect_uri"] != form["redirect_uri"]
            || WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != asked["code_challenge"])
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsync("""{"error":"invalid_grant"}""", cancellationToken);
            return;
        }

        var answer = new JsonObject
        {
            ["access_token"] = Token(SignsIn),
            ["token_type"] = "Bearer",
            ["expires_in"] = 3600,
            ["scope"] = asked["scope"].ToString(),
            ["id_token"] = Token(SignsIn, ("aud", ClientId), ("nonce", asked["nonce"].ToString())),
        };
        await context.Response.WriteAsync(answer.ToJsonString(), cancellationToken);
    }
}
