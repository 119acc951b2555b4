using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Tests.Tools.Egress;

public sealed class AllowedHostTests
{
    [Theory]
    [InlineData("api.example.com", "api.example.com", null)]
    [InlineData("API.Example.COM", "api.example.com", null)]
    [InlineData("api.example.com:8443", "api.example.com", 8443)]
    [InlineData("api.example.com:80", "api.example.com", 80)]
    [InlineData("bücher.example", "xn--bcher-kva.example", null)]
    [InlineData("localhost:5000", "localhost", 5000)]
    [InlineData("127.0.0.1", "127.0.0.1", null)]
    [InlineData("[::1]", "::1", null)]
    [InlineData("[::1]:8080", "::1", 8080)]
    public void A_host_with_an_optional_port_is_read(string entry, string host, int? port) =>
        Assert.Equal(new AllowedHost(host, port), AllowedHost.Parse(entry));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("*")]
    [InlineData("*.example.com")]
    [InlineData("https://example.com")]
    [InlineData("example.com/path")]
    [InlineData("example.com?q")]
    [InlineData("example.com#f")]
    [InlineData("user@example.com")]
    [InlineData("example.com:")]
    [InlineData("example.com:0")]
    [InlineData("example.com:65536")]
    [InlineData("example.com:http")]
    [InlineData("example.com, other.com")]
    [InlineData("10.0.0.0/8")]
    public void Anything_else_is_refused(string entry)
    {
        Assert.False(AllowedHost.TryParse(entry, out _));
        Assert.Throws<FormatException>(() => AllowedHost.Parse(entry));
    }

    [Theory]
    [InlineData("example.com", "http://example.com/", true)]
    [InlineData("example.com", "https://example.com/a?b", true)]
    [InlineData("example.com", "https://example.com:443/", true)]
    [InlineData("example.com", "https://EXAMPLE.com/", true)]
    [InlineData("bücher.example", "https://xn--bcher-kva.example/", true)]
    [InlineData("xn--bcher-kva.example", "https://BÜCHER.example/", true)]
    [InlineData("example.com", "https://example.com:8443/", false)]
    [InlineData("example.com", "http://example.com:443/", false)]
    [InlineData("example.com:8443", "https://example.com:8443/", true)]
    [InlineData("example.com:8443", "https://example.com/", false)]
    [InlineData("example.com", "https://www.example.com/", false)]
    [InlineData("www.example.com", "https://example.com/", false)]
    public void Covers_exactly_the_host_at_its_port(string entry, string url, bool expected) =>
        Assert.Equal(expected, AllowedHost.Parse(entry).Covers(new Uri(url)));
}
