using CsCheck;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Tests.Security.Authentication;

public sealed class ForgedTokenTests(OneTenantIssuer issuer) : IClassFixture<OneTenantIssuer>
{
    private const int Attempts = 300;

    public static TheoryData<string> Forgeries => new(TokenIssuerForgeries.Names);

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Forged_token_is_refused(string forgery)
    {
        var jwt = issuer.Jwt;
        Assert.Equal("alice", (await jwt.AuthenticateAsync(jwt.Issuer.Token("alice"))).Owner.User);

        await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.SendAsync(TokenIssuerForgeries.Make(forgery, jwt.Issuer)));
    }

    [Fact]
    public async Task Token_with_any_one_character_changed_is_refused()
    {
        var jwt = issuer.Jwt;
        var token = jwt.Issuer.Token("alice");

        // The last character carries bits that no byte has: changed there, the signature may be the same.
        var changes = Gen.Select(Gen.Int[0, token.Length - 2], Gen.Char["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."]);
        await changes.SampleAsync(
            async change =>
            {
                var (index, character) = change;
                if (token[index] != character)
                {
                    await Assert.ThrowsAsync<UnauthenticatedException>(
                        () => jwt.AuthenticateAsync($"{token[..index]}{character}{token[(index + 1)..]}"));
                }
            },
            iter: Attempts);
    }

    [Fact]
    public async Task Any_text_in_a_tokens_place_is_refused_and_nothing_else_happens()
    {
        var jwt = issuer.Jwt;

        await Gen.String.SampleAsync(
            async text => await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.SendAsync($"Bearer {text}")), iter: Attempts);
    }
}

/// <summary>An issuer of which one tenant is allowed.</summary>
public sealed class OneTenantIssuer : IAsyncLifetime
{
    internal JwtHarness Jwt { get; private set; } = null!;

    public async Task InitializeAsync() => Jwt = await JwtHarness.StartAsync(options => options.AllowedTenants.Add(TokenIssuer.Tenant));

    public async Task DisposeAsync() => await Jwt.DisposeAsync();
}
