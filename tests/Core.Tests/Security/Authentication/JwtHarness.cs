using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Tests.Security.Authentication;

/// <summary>Token authentication against a real issuer, at a time of the test's choice.</summary>
internal sealed class JwtHarness : IAsyncDisposable
{
    private readonly IssuerMetadata _metadata;
    private readonly JwtAuthentication _authentication;

    private JwtHarness(TokenIssuer issuer, Action<AuthOptions> configure)
    {
        var settings = new AuthOptions { Authority = issuer.Authority, Audience = TokenIssuer.Audience };
        configure(settings);
        var options = Options.Create(settings);
        Issuer = issuer;
        _metadata = new IssuerMetadata(options, Time, NullLogger<IssuerMetadata>.Instance);
        _authentication = new JwtAuthentication(options, _metadata, Time, NullLogger<JwtAuthentication>.Instance);
    }

    public TokenIssuer Issuer { get; }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    public static async Task<JwtHarness> StartAsync(Action<AuthOptions>? configure = null) =>
        new(await TokenIssuer.StartAsync(), configure ?? (_ => { }));

    public Task<Caller> AuthenticateAsync(string token) => SendAsync($"Bearer {token}");

    public async Task<Caller> SendAsync(string? authorization) =>
        await _authentication.AuthenticateAsync(new AuthenticationRequest(authorization), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        _metadata.Dispose();
        await Issuer.DisposeAsync();
    }
}
