using System.Net;
using CsCheck;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.Egress;

public sealed class EgressGuardTests
{
    private static EgressGuard Guard(IHostResolver resolver, bool allowPrivateNetworks, params string[] allowed) =>
        new(allowed.Select(AllowedHost.Parse), "Tools__Http__AllowedHosts", allowPrivateNetworks, resolver);

    private static EgressGuard Guard(params string[] allowed) => Guard(new ScriptedResolver(), false, allowed);

    [Theory]
    [InlineData("scheme file", "file:///etc/passwd", EgressRefusal.InvalidUrl)]
    [InlineData("scheme file with host", "file://example.com/etc/passwd", EgressRefusal.InvalidUrl)]
    [InlineData("scheme ftp", "ftp://example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("scheme gopher", "gopher://example.com/_GET", EgressRefusal.InvalidUrl)]
    [InlineData("scheme ws", "ws://example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("scheme data", "data:text/plain,hello", EgressRefusal.InvalidUrl)]
    [InlineData("scheme javascript", "javascript:alert(1)", EgressRefusal.InvalidUrl)]
    [InlineData("scheme jar", "jar:http://example.com/!/", EgressRefusal.InvalidUrl)]
    [InlineData("no scheme", "example.com", EgressRefusal.InvalidUrl)]
    [InlineData("relative to the scheme", "//example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("path only", "/etc/passwd", EgressRefusal.InvalidUrl)]
    [InlineData("empty", "", EgressRefusal.InvalidUrl)]
    [InlineData("no host", "http:///path", EgressRefusal.InvalidUrl)]
    [InlineData("user before the host", "http://example.com@evil.com/", EgressRefusal.InvalidUrl)]
    [InlineData("user at an allowed host", "http://user@example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("password", "http://user:secret@example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("empty user", "http://@evil.com/", EgressRefusal.HostNotAllowed)]
    [InlineData("CRLF in the path", "http://example.com/\r\nHost: evil.com", EgressRefusal.InvalidUrl)]
    [InlineData("CRLF in the host", "http://example.com\r\nHost: evil.com/", EgressRefusal.InvalidUrl)]
    [InlineData("leading white space", " http://example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("tab in the scheme", "ht\ttp://example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("null character", "http://example.com\0.evil.com/", EgressRefusal.InvalidUrl)]
    [InlineData("backslash as slash", "http://evil.com\\@example.com/", EgressRefusal.InvalidUrl)]
    [InlineData("backslashes for slashes", "http:\\\\evil.com/", EgressRefusal.InvalidUrl)]
    [InlineData("escaped dot in the host", "http://example%2ecom/", EgressRefusal.InvalidUrl)]
    [InlineData("port out of range", "http://example.com:99999/", EgressRefusal.InvalidUrl)]
    [InlineData("prefix of an allowed host", "http://evil-example.com/", EgressRefusal.HostNotAllowed)]
    [InlineData("allowed host as a subdomain", "http://example.com.evil.com/", EgressRefusal.HostNotAllowed)]
    [InlineData("subdomain", "http://internal.example.com/", EgressRefusal.HostNotAllowed)]
    [InlineData("trailing dot", "http://example.com./", EgressRefusal.HostNotAllowed)]
    [InlineData("Cyrillic look-alike", "http://еxample.com/", EgressRefusal.HostNotAllowed)]
    [InlineData("full-width dots of another host", "http://evil．com/", EgressRefusal.HostNotAllowed)]
    [InlineData("allowed host in the fragment", "http://evil.com#@example.com/", EgressRefusal.HostNotAllowed)]
    [InlineData("allowed host in the query", "http://evil.com?@example.com/", EgressRefusal.HostNotAllowed)]
    [InlineData("allowed host in the path", "http://evil.com/example.com", EgressRefusal.HostNotAllowed)]
    [InlineData("other port", "http://example.com:8080/", EgressRefusal.HostNotAllowed)]
    [InlineData("port of ssh", "http://example.com:22/", EgressRefusal.HostNotAllowed)]
    [InlineData("port zero", "http://example.com:0/", EgressRefusal.HostNotAllowed)]
    [InlineData("port of the other scheme", "http://example.com:443/", EgressRefusal.HostNotAllowed)]
    [InlineData("metadata", "http://169.254.169.254/latest/meta-data/", EgressRefusal.HostNotAllowed)]
    [InlineData("metadata by name", "http://metadata.google.internal/", EgressRefusal.HostNotAllowed)]
    [InlineData("loopback", "http://127.0.0.1/", EgressRefusal.HostNotAllowed)]
    [InlineData("localhost", "http://localhost/", EgressRefusal.HostNotAllowed)]
    [InlineData("loopback as a number", "http://2130706433/", EgressRefusal.HostNotAllowed)]
    [InlineData("loopback in octal", "http://0177.0.0.1/", EgressRefusal.HostNotAllowed)]
    [InlineData("loopback in hexadecimal", "http://0x7f.1/", EgressRefusal.HostNotAllowed)]
    [InlineData("loopback shortened", "http://127.1/", EgressRefusal.HostNotAllowed)]
    [InlineData("loopback mapped", "http://[::ffff:127.0.0.1]/", EgressRefusal.HostNotAllowed)]
    [InlineData("IPv6 loopback", "http://[::1]/", EgressRefusal.HostNotAllowed)]
    public void A_url_that_breaks_a_rule_is_refused(string attack, string url, EgressRefusal refusal)
    {
        var refused = Assert.Throws<EgressException>(() => Guard("example.com").Check(url));
        Assert.Equal((attack, refusal), (attack, refused.Refusal));
    }

    [Theory]
    [InlineData("https://example.com/path?q=1#f", "example.com")]
    [InlineData("HTTPS://EXAMPLE.COM", "example.com")]
    [InlineData("http://example.com:80/", "example.com")]
    [InlineData("http://example。com/", "example.com")]
    [InlineData("https://other.example:8443/", "other.example")]
    [InlineData("http://bücher.example/ü", "xn--bcher-kva.example")]
    public void A_url_that_keeps_the_rules_passes(string url, string host) =>
        Assert.Equal(host, Guard("example.com", "other.example:8443", "bücher.example").Check(url).IdnHost);

    [Fact]
    public void An_overlong_url_is_refused() => Assert.Equal(
        EgressRefusal.InvalidUrl,
        Assert.Throws<EgressException>(() => Guard("example.com").Check("http://example.com/" + new string('a', 2048))).Refusal);

    [Fact]
    public void Without_a_list_nothing_is_allowed() => Assert.Equal(
        EgressRefusal.HostNotAllowed,
        Assert.Throws<EgressException>(() => Guard().Check("https://example.com/")).Refusal);

    [Theory]
    [InlineData("https://evil.com/", "Host not allowed: evil.com. Ask the operator to add it to Tools__Http__AllowedHosts.")]
    [InlineData("http://example.com:22/", "Host not allowed: example.com:22. Ask the operator to add it to Tools__Http__AllowedHosts.")]
    public void The_refusal_of_a_host_names_it_and_the_setting(string url, string message) =>
        Assert.Equal(message, Assert.Throws<EgressException>(() => Guard("example.com").Check(url)).Message);

    [Theory]
    [InlineData("metadata", "169.254.169.254", "169.254.169.254")]
    [InlineData("loopback", "127.0.0.1", "127.0.0.1")]
    [InlineData("loopback as a number", "2130706433", "127.0.0.1")]
    [InlineData("loopback in octal", "0177.0.0.1", "127.0.0.1")]
    [InlineData("loopback in hexadecimal", "0x7f.1", "127.0.0.1")]
    [InlineData("loopback shortened", "127.1", "127.0.0.1")]
    [InlineData("loopback mapped", "[::ffff:127.0.0.1]", "::ffff:127.0.0.1")]
    [InlineData("unspecified", "0", "0.0.0.0")]
    [InlineData("IPv6 loopback", "[::1]", "::1")]
    [InlineData("IPv6 link-local", "[fe80::1]", "fe80::1")]
    [InlineData("private", "10.1.2.3", "10.1.2.3")]
    public async Task An_internal_address_is_refused_even_on_the_list_and_however_it_is_written(
        string attack, string written, string address)
    {
        var guard = Guard(address.Contains(':') ? $"[{address}]" : address);
        var uri = guard.Check($"http://{written}/");

        var refused = await ConnectFailsAsync(guard, uri.IdnHost);

        Assert.Equal((attack, EgressRefusal.AddressNotAllowed), (attack, refused.Refusal));
    }

    [Theory]
    [InlineData("private only", "10.0.0.5")]
    [InlineData("metadata only", "169.254.169.254")]
    [InlineData("public and private", "93.184.215.14", "192.168.0.1")]
    [InlineData("private and public", "192.168.0.1", "93.184.215.14")]
    [InlineData("public and mapped loopback", "93.184.215.14", "::ffff:127.0.0.1")]
    [InlineData("public and IPv6 unique local", "2606:4700:4700::1111", "fd00::1")]
    public async Task A_name_with_any_internal_address_is_refused_without_telling_it(string what, params string[] records)
    {
        var refused = await ConnectFailsAsync(Guard(new ScriptedResolver(records), false, "example.com"), "example.com");

        Assert.Equal((what, EgressRefusal.AddressNotAllowed), (what, refused.Refusal));
        Assert.Equal("example.com is not on the public internet, so it may not be asked.", refused.Message);
    }

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("0.0.0.0")]
    [InlineData("fe80::1")]
    [InlineData("224.0.0.1")]
    [InlineData("168.63.129.16")]
    public async Task Allowing_private_networks_does_not_allow_metadata_and_the_like(string record)
    {
        var guard = Guard(new ScriptedResolver([record]), true, "example.com");
        Assert.Equal(EgressRefusal.AddressNotAllowed, (await ConnectFailsAsync(guard, "example.com")).Refusal);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_or_has_no_address_is_unreachable()
    {
        Assert.Equal(EgressRefusal.Unreachable, (await ConnectFailsAsync(Guard("example.com"), "example.com")).Refusal);
        var empty = Guard(new ScriptedResolver([[]]), false, "example.com");
        Assert.Equal(EgressRefusal.Unreachable, (await ConnectFailsAsync(empty, "example.com")).Refusal);
    }

    [Fact]
    public void Any_text_is_an_allowed_url_or_refused()
    {
        var piece = Gen.OneOf(
            "http://", "https://", "example.com", "evil.com", "@", ":", "/", "\\", "#", "?", ".", "%2e", "[::1]", "127.1", "80",
            "\r\n", "。", "е");
        Gen.OneOf(Gen.String, piece.Array[0, 8].Select(string.Concat)).Sample(url =>
        {
            try
            {
                Assert.Equal("example.com", Guard("example.com").Check(url).IdnHost, ignoreCase: true);
            }
            catch (EgressException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        });
    }

    private static Task<EgressException> ConnectFailsAsync(EgressGuard guard, string host) =>
        Assert.ThrowsAsync<EgressException>(
            async () => await guard.ConnectAsync(new DnsEndPoint(host, 80), CancellationToken.None));

    [Theory]
    [InlineData("https://example.com/", true)]
    [InlineData("https://example.com:443/", true)]
    [InlineData("https://example.com:8443/", true)]
    [InlineData("https://example.com:80/", false)]
    [InlineData("https://example.com:22/", false)]
    [InlineData("https://example.com:6379/", false)]
    public void Guard_without_a_list_lets_port_443_and_those_of_its_setting_pass(string url, bool passes)
    {
        var guard = EgressGuard.ForAnyPublicHost(allowPrivateNetworks: false, new ScriptedResolver(), [8443], "Callbacks__AllowedPorts");

        var refused = Record.Exception(() => guard.Check(url));

        Assert.Equal(passes, refused is null);
        Assert.True(passes || refused is EgressException { Refusal: EgressRefusal.HostNotAllowed });
        Assert.True(passes || refused!.Message.Contains("Callbacks__AllowedPorts", StringComparison.Ordinal));
    }
}
