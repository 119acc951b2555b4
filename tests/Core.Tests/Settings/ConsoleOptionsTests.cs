using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Tests.Settings;

public sealed class ConsoleOptionsTests
{
    [Fact]
    public void Nothing_has_to_be_set() => Assert.Empty(new ConsoleOptions().Problems());

    [Theory]
    [InlineData("two words", "openid", "Console__ClientId ")]
    [InlineData("client", "openid profile", "Console__Scopes__0 ")]
    [InlineData("client", "", "Console__Scopes__0 ")]
    public void What_no_issuer_takes_is_refused_by_its_full_name(string client, string scope, string setting)
    {
        var problem = Assert.Single(new ConsoleOptions { ClientId = client, Scopes = [scope] }.Problems());

        Assert.StartsWith(setting, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://login.microsoftonline.com/tenant/v2.0", "openid offline_access api://agents/.default")]
    [InlineData("https://issuer.example.com", "openid offline_access")]
    [InlineData("https://login.microsoftonline.com.example.com", "openid offline_access")]
    public void Scopes_that_are_not_set_follow_from_the_issuer(string authority, string scopes) =>
        Assert.Equal(scopes.Split(' '), new ConsoleOptions().ScopesFor(authority, "api://agents"));

    [Fact]
    public void Scopes_that_are_set_are_asked_for_and_no_others() =>
        Assert.Equal(["access"], new ConsoleOptions { Scopes = ["access"] }.ScopesFor("https://login.microsoftonline.com/tenant/v2.0", "api://agents"));
}
