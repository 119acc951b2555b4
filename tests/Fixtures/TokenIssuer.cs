using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Yggdrasil.Fixtures;

/// <summary>An OpenID Connect issuer over HTTP: discovery, published keys, and the tokens it signs.</summary>
public sealed partial class TokenIssuer : IAsyncDisposable
{
    public const string Audience = "api://yggdrasil";
    public const string Tenant = "tenant-1";
    private const string DiscoveryPath = "/.well-known/openid-configuration";
    private const string KeysPath = "/keys";

    private readonly Lock _lock = new();
    private readonly List<TokenIssuerKey> _published = [];
    private readonly RequestLog<string> _requests = new();
    private TokenIssuerKey _key = TokenIssuerKey.Rsa();
    private LoopbackServer? _server;

    private TokenIssuer() => _published.Add(_key);

    /// <summary><c>http://127.0.0.1:port</c>, for <c>Auth__Authority</c>; also the issuer's name.</summary>
    public string Authority => _server!.Address.GetLeftPart(UriPartial.Authority);

    /// <summary>The issuer that the discovery document names; its own address unless set.</summary>
    public string? Name { get; set; }

    /// <summary>While false, everything is answered 500.</summary>
    public bool Available { get; set; } = true;

    /// <summary>How often the keys were fetched.</summary>
    public int KeyRequests => _requests.Entries.Count(path => path == KeysPath);

    /// <summary>The key that signs now.</summary>
    public TokenIssuerKey Key => _key;

    public static async Task<TokenIssuer> StartAsync(CancellationToken cancellationToken = default)
    {
        var issuer = new TokenIssuer();
        issuer._server = await LoopbackServer.StartAsync(issuer.HandleAsync, cancellationToken: cancellationToken);
        return issuer;
    }

    /// <summary>Signs with another key from now on.</summary>
    /// <param name="key">The new key; an RSA key unless given.</param>
    /// <param name="withdrawOld">Whether the old one is no longer published.</param>
    public void Rotate(TokenIssuerKey? key = null, bool withdrawOld = false)
    {
        lock (_lock)
        {
            if (withdrawOld)
            {
                _published.Clear();
            }

            _key = key ?? TokenIssuerKey.Rsa();
            _published.Add(_key);
        }
    }

    /// <summary>Publishes no keys any more.</summary>
    public void WithdrawKeys()
    {
        lock (_lock)
        {
            _published.Clear();
        }
    }

    /// <summary>What a good access token of this user says; for tests to change.</summary>
    public JsonObject Claims(string user, params string[] roles)
    {
        var now = DateTimeOffset.UtcNow;
        return new JsonObject
        {
            ["iss"] = Authority,
            ["aud"] = Audience,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["nbf"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddHours(1).ToUnixTimeSeconds(),
            ["sub"] = $"subject-of-{user}",
            ["oid"] = user,
            ["tid"] = Tenant,
            ["roles"] = new JsonArray([.. roles.Select(role => JsonValue.Create(role))]),
        };
    }

    /// <summary>A good access token, or one with claims changed; null removes one.</summary>
    public string Token(string user, params (string Claim, JsonNode? Value)[] changes)
    {
        var claims = Claims(user);
        foreach (var (claim, value) in changes)
        {
            if (value is null)
            {
                claims.Remove(claim);
            }
            else
            {
                claims[claim] = value;
            }
        }

        return _key.Sign(claims);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _published.ForEach(key => key.Dispose());
        _key.Dispose();
    }

    private Task HandleAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var path = _requests.Add(_ => context.Request.Path.Value ?? "");
        if (!Available)
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return Task.CompletedTask;
        }

        if (path is AuthorizationPath or TokenPath)
        {
            return path == AuthorizationPath ? AuthorizeAsync(context) : ExchangeAsync(context, cancellationToken);
        }

        context.Response.Headers.AccessControlAllowOrigin = "*";
        var document = path switch
        {
            DiscoveryPath => new JsonObject
            {
                ["issuer"] = Name ?? Authority,
                ["jwks_uri"] = Authority + KeysPath,
                ["authorization_endpoint"] = Authority + AuthorizationPath,
                ["token_endpoint"] = Authority + TokenPath,
            },
            KeysPath => new JsonObject { ["keys"] = PublishedKeys() },
            _ => null,
        };
        if (document is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(document.ToJsonString(), cancellationToken);
    }

    private JsonArray PublishedKeys()
    {
        lock (_lock)
        {
            return new JsonArray([.. _published.Select(JsonNode (key) => key.ToJwk())]);
        }
    }
}
