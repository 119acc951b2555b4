using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Tests.Security.Authentication;

public sealed class KeyRotationTests
{
    private const string Alice = "alice";

    [Fact]
    public async Task Token_under_a_new_key_is_accepted_at_once()
    {
        await using var jwt = await JwtHarness.StartAsync();
        await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));
        jwt.Issuer.Rotate();

        var caller = await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));

        Assert.Equal(Alice, caller.Owner.User);
        Assert.Equal(2, jwt.Issuer.KeyRequests);
    }

    [Fact]
    public async Task Callers_who_come_with_a_new_key_together_cause_one_reading()
    {
        await using var jwt = await JwtHarness.StartAsync();
        await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));
        jwt.Issuer.Rotate();
        var token = jwt.Issuer.Token(Alice);

        var callers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => jwt.AuthenticateAsync(token))));

        Assert.All(callers, caller => Assert.Equal(Alice, caller.Owner.User));
        Assert.Equal(2, jwt.Issuer.KeyRequests);
    }

    [Fact]
    public async Task Token_under_a_withdrawn_key_is_refused_once_the_keys_were_read_again()
    {
        await using var jwt = await JwtHarness.StartAsync();
        var old = jwt.Issuer.Token(Alice);
        await jwt.AuthenticateAsync(old);
        jwt.Issuer.Rotate(withdrawOld: true);
        await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));

        await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.AuthenticateAsync(old));
    }

    [Fact]
    public async Task Unknown_keys_cause_one_reading_in_an_interval()
    {
        await using var jwt = await JwtHarness.StartAsync(options => options.KeyRefreshSeconds = 30);
        await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));

        for (var i = 0; i < 5; i++)
        {
            await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.SendAsync(TokenIssuerForgeries.Make("unknown key id", jwt.Issuer)));
            jwt.Time.Advance(TimeSpan.FromSeconds(5));
        }

        Assert.Equal(2, jwt.Issuer.KeyRequests);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("wrong audience")]
    [InlineData("key of another issuer under a known id")]
    [InlineData("HS256 with the public key as secret")]
    [InlineData("1 MB token")]
    public async Task What_new_keys_could_not_mend_causes_no_reading(string forgery)
    {
        await using var jwt = await JwtHarness.StartAsync();
        await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));

        await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.SendAsync(TokenIssuerForgeries.Make(forgery, jwt.Issuer)));

        Assert.Equal(1, jwt.Issuer.KeyRequests);
    }

    [Fact]
    public async Task Issuer_that_never_answered_is_no_fault_of_the_caller_and_is_asked_again()
    {
        await using var jwt = await JwtHarness.StartAsync();
        jwt.Issuer.Available = false;

        await Assert.ThrowsAsync<IssuerUnavailableException>(() => jwt.AuthenticateAsync(jwt.Issuer.Token(Alice)));
        jwt.Issuer.Available = true;

        Assert.Equal(Alice, (await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice))).Owner.User);
    }

    [Fact]
    public async Task Issuer_that_stopped_answering_leaves_its_last_keys_in_force()
    {
        await using var jwt = await JwtHarness.StartAsync();
        await jwt.AuthenticateAsync(jwt.Issuer.Token(Alice));
        var good = jwt.Issuer.Token(Alice);
        jwt.Issuer.Available = false;
        jwt.Issuer.Rotate();

        await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.AuthenticateAsync(jwt.Issuer.Token(Alice)));

        Assert.Equal(Alice, (await jwt.AuthenticateAsync(good)).Owner.User);
    }

    [Fact]
    public async Task Document_without_keys_does_not_replace_a_good_one()
    {
        await using var jwt = await JwtHarness.StartAsync();
        var good = jwt.Issuer.Token(Alice);
        await jwt.AuthenticateAsync(good);
        jwt.Issuer.WithdrawKeys();

        await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.SendAsync(TokenIssuerForgeries.Make("unknown key id", jwt.Issuer)));

        Assert.Equal(Alice, (await jwt.AuthenticateAsync(good)).Owner.User);
    }

    [Fact]
    public async Task Malformed_credentials_are_refused_without_asking_the_issuer()
    {
        await using var jwt = await JwtHarness.StartAsync();

        await Assert.ThrowsAsync<UnauthenticatedException>(() => jwt.SendAsync("Bearer dev:alice"));

        Assert.Equal(0, jwt.Issuer.KeyRequests);
    }
}
