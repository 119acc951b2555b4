using System.Globalization;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using Microsoft.AspNetCore.Http;
using Yggdrasil.Fixtures;
using Yggdrasil.Protection.Secrets;

namespace Yggdrasil.Tests.Security.Secrets;

/// <summary>
/// Key Vault's REST API over real HTTP: the genuine client talks to it through its own pipeline, with retries, challenge
/// and paging. Only the way there is ours: from the https name of the vault to a port of loopback.
/// </summary>
internal sealed class FakeVault : IAsyncDisposable
{
    private const string Token = "entra-token";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<FakeSecretVersion>> _secrets = [];
    private readonly List<string> _requests = [];
    private LoopbackServer? _server;
    private Func<HttpContext, string, CancellationToken, Task<bool>>? _fault;

    /// <summary>A name of its own: the client remembers the challenge of a vault for the whole process.</summary>
    public string Uri { get; } = $"https://v{Guid.NewGuid():N}.vault.azure.net";

    /// <summary>Every request with a token, <c>GET /secrets/…</c>, in order of arrival.</summary>
    public IReadOnlyList<string> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Requests that came without a token and were answered with a challenge.</summary>
    public int Challenges { get; private set; }

    public FakeIdentity Identity { get; } = new(Token);

    public static async Task<FakeVault> StartAsync()
    {
        var vault = new FakeVault();
        vault._server = await LoopbackServer.StartAsync(vault.HandleAsync);
        return vault;
    }

    /// <summary>Adds a version, newer than all before it.</summary>
    public FakeVault Set(string secret, string value, bool enabled = true, DateTimeOffset? notBefore = null)
    {
        lock (_lock)
        {
            var versions = _secrets.TryGetValue(secret, out var found) ? found : _secrets[secret] = [];
            versions.Add(new FakeSecretVersion($"v{versions.Count + 1}", value, 1_700_000_000 + versions.Count, enabled, notBefore));
        }

        return this;
    }

    public void Disable(string secret, string version)
    {
        lock (_lock)
        {
            var versions = _secrets[secret];
            var index = versions.FindIndex(candidate => candidate.Id == version);
            versions[index] = versions[index] with { Enabled = false };
        }
    }

    /// <summary>Lets <paramref name="fault"/> answer in place of the vault; it says whether it did. Null ends that.</summary>
    public void FailWith(Func<HttpContext, string, CancellationToken, Task<bool>>? fault) => _fault = fault;

    /// <summary>Answers everything with <paramref name="status"/>.</summary>
    public void FailWith(int status, string body = "", string? retryAfter = null) => FailWith(async (http, _, token) =>
    {
        http.Response.StatusCode = status;
        http.Response.Headers.RetryAfter = retryAfter;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(body, token);
        return true;
    });

    /// <summary>The client's own pipeline, with no pauses between its retries.</summary>
    public SecretClientOptions ClientOptions(int retries = 0) => new()
    {
        Transport = new HttpClientTransport(new HttpClient(new ToLoopback(_server!.Address))),
        Retry = { MaxRetries = retries, Delay = TimeSpan.Zero, MaxDelay = TimeSpan.Zero, NetworkTimeout = TimeSpan.FromSeconds(30) },
    };

    public VaultReader Reader(SecretClientOptions? options = null) =>
        new(VaultClient.Create(new KeyVaultOptions { Uri = Uri }, Identity, options ?? ClientOptions()));

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task HandleAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var path = http.Request.Path.Value ?? "/";
        if (http.Request.Headers.Authorization != $"Bearer {Token}")
        {
            Challenges++;
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
            http.Response.Headers.WWWAuthenticate =
                "Bearer authorization=\"https://login.example/tenant\", resource=\"https://vault.azure.net\"";
            return;
        }

        lock (_lock)
        {
            _requests.Add($"{http.Request.Method} {path}");
        }

        if (_fault is { } fault && await fault(http, path, cancellationToken))
        {
            return;
        }

        var (status, body) = Answer(path.Split('/', StringSplitOptions.RemoveEmptyEntries), http.Request.Query["page"]);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(JsonSerializer.Serialize(body), cancellationToken);
    }

    private (int Status, object Body) Answer(string[] path, string? page)
    {
        lock (_lock)
        {
            if (!_secrets.TryGetValue(path[1], out var versions))
            {
                return (404, new { error = new { code = "SecretNotFound", message = "A secret with this name was not found." } });
            }

            if (path is [_, _, "versions"])
            {
                // One version a page, so that every test pages.
                var index = page is null ? 0 : int.Parse(page, CultureInfo.InvariantCulture);
                return (200, new
                {
                    value = versions.Skip(index).Take(1).Select(version => version.Describe(Uri, path[1], withValue: false)),
                    nextLink = index + 1 < versions.Count ? $"{Uri}/secrets/{path[1]}/versions?api-version=7.6&page={index + 1}" : null,
                });
            }

            var wanted = path is [_, _, var id] ? versions.Find(version => version.Id == id) : versions[^1];
            return wanted switch
            {
                null => (404, new { error = new { code = "SecretNotFound", message = "No such version." } }),
                { Enabled: false } => (403, new { error = new { code = "Forbidden", message = "Operation get is not allowed on a disabled secret.", innererror = new { code = "SecretDisabled" } } }),
                _ => (200, wanted.Describe(Uri, path[1], withValue: true)),
            };
        }
    }

    private sealed record FakeSecretVersion(string Id, string Value, long Created, bool Enabled, DateTimeOffset? NotBefore)
    {
        public Dictionary<string, object> Describe(string vault, string secret, bool withValue)
        {
            Dictionary<string, object> attributes = new() { ["enabled"] = Enabled, ["created"] = Created, ["updated"] = Created };
            if (NotBefore is { } notBefore)
            {
                attributes["nbf"] = notBefore.ToUnixTimeSeconds();
            }

            Dictionary<string, object> body = new() { ["id"] = $"{vault}/secrets/{secret}/{Id}", ["attributes"] = attributes };
            if (withValue)
            {
                body["value"] = Value;
            }

            return body;
        }
    }

    /// <summary>Takes requests to the vault's name to loopback, as a resolver would, without TLS.</summary>
    private sealed class ToLoopback(Uri address) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(address, request.RequestUri!.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}

/// <summary>An identity with one token, unless it has none for a while.</summary>
internal sealed class FakeIdentity(string token) : TokenCredential
{
    public Exception? Failure { get; set; }

    public List<string> Scopes { get; } = [];

    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
    {
        Scopes.AddRange(requestContext.Scopes);
        return Failure is null ? new AccessToken(token, DateTimeOffset.MaxValue) : throw Failure;
    }

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        new(GetToken(requestContext, cancellationToken));
}
