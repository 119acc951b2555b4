using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Tests.Security.Authentication;

public sealed class DevelopmentAuthenticationTests
{
    private const string Localhost = "localhost";

    [Theory]
    [InlineData("Bearer dev:alice", "alice", false)]
    [InlineData("bearer dev:a.b_c@d-e", "a.b_c@d-e", false)]
    [InlineData("Bearer dev:alice:admin", "alice", true)]
    public async Task Development_credentials_name_the_user(string authorization, string user, bool admin)
    {
        var caller = await AuthenticateAsync(new AuthenticationRequest(authorization, Localhost));

        Assert.Equal((new Owner("dev", user), admin), (caller.Owner, caller.IsAdmin));
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("app.localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.8.8")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task Request_to_loopback_without_credentials_is_the_anonymous_user(string host) =>
        Assert.Equal("local", (await AuthenticateAsync(new AuthenticationRequest(null, host))).Owner.User);

    [Theory]
    [InlineData("evil.example", null)]
    [InlineData("evil.example", "Bearer dev:alice:admin")]
    [InlineData("localhost.evil.example", "Bearer dev:alice")]
    [InlineData("127.0.0.1.evil.example", null)]
    [InlineData("notlocalhost", null)]
    [InlineData("192.168.1.5", "Bearer dev:alice")]
    [InlineData("0.0.0.0", null)]
    [InlineData("", "Bearer dev:alice")]
    public Task Name_rebound_to_this_machine_is_refused_whatever_it_sends(string host, string? authorization) =>
        AssertRefusedAsync(new AuthenticationRequest(authorization, host));

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://localhost.evil.example:7071")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("http://192.168.1.5")]
    public Task Page_from_elsewhere_does_not_become_the_anonymous_user(string origin) =>
        AssertRefusedAsync(new AuthenticationRequest(null, Localhost, origin));

    [Theory]
    [InlineData("http://localhost:5173", null, "local")]
    [InlineData("http://127.0.0.1:7071", null, "local")]
    [InlineData("https://console.example", "Bearer dev:alice", "alice")]
    public async Task Local_pages_and_those_with_credentials_get_in(string origin, string? authorization, string user) =>
        Assert.Equal(user, (await AuthenticateAsync(new AuthenticationRequest(authorization, Localhost, origin))).Owner.User);

    [Theory]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer alice")]
    [InlineData("Bearer dev:")]
    [InlineData("Bearer dev:a b")]
    [InlineData("Bearer dev:alice\n")]
    [InlineData("Bearer dev:alice:root")]
    [InlineData("Bearer dev:alice,Bearer dev:bob")]
    public Task Anything_else_is_refused_and_never_the_anonymous_user(string authorization) =>
        AssertRefusedAsync(new AuthenticationRequest(authorization, Localhost));

    [Fact]
    public Task Without_an_anonymous_user_credentials_are_needed() =>
        AssertRefusedAsync(new AuthenticationRequest(null, Localhost), anonymousUser: null);

    private static async Task<Caller> AuthenticateAsync(AuthenticationRequest request, string? anonymousUser = "local") =>
        await new DevelopmentAuthentication(Options.Create(new AuthOptions { AnonymousUser = anonymousUser }))
            .AuthenticateAsync(request, CancellationToken.None);

    private static Task<UnauthenticatedException> AssertRefusedAsync(AuthenticationRequest request, string? anonymousUser = "local") =>
        Assert.ThrowsAsync<UnauthenticatedException>(() => AuthenticateAsync(request, anonymousUser));
}
