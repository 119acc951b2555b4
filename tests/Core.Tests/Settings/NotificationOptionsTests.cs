using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Tests.Settings;

public sealed class NotificationOptionsTests
{
    [Fact]
    public void Nothing_has_to_be_set() => Assert.Empty(new NotificationOptions().Problems());

    [Theory]
    [InlineData("ops", "https://hooks.example.com/services/T/B/secret")]
    [InlineData("on-call_2", "http://localhost:7300/hook")]
    public void Channel_with_an_address_is_accepted(string name, string url) =>
        Assert.Empty(new NotificationOptions { Channels = { [name] = new NotificationChannelOptions { Url = url } } }.Problems());

    [Theory]
    [InlineData("ops", null, "Notifications__Channels__ops__Url ")]
    [InlineData("ops", "http://hooks.example.com/secret", "Notifications__Channels__ops__Url ")]
    [InlineData("ops", "https://user:secret@hooks.example.com/", "Notifications__Channels__ops__Url ")]
    [InlineData("ops", "secret", "Notifications__Channels__ops__Url ")]
    [InlineData("on call", "https://hooks.example.com/", "Notifications__Channels__on call ")]
    public void What_is_wrong_is_named_in_full_and_no_address_is_shown(string name, string? url, string setting)
    {
        var problem = Assert.Single(new NotificationOptions { Channels = { [name] = new NotificationChannelOptions { Url = url } } }.Problems());

        Assert.StartsWith(setting, problem, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://agents.example.com/console")]
    [InlineData("http://agents.example.com")]
    public void Address_of_the_app_is_one_without_a_path(string url) =>
        Assert.StartsWith("Notifications__PublicUrl ", Assert.Single(new NotificationOptions { PublicUrl = url }.Problems()), StringComparison.Ordinal);
}
