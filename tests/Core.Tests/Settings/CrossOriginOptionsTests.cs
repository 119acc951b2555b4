using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Tests.Settings;

public sealed class CrossOriginOptionsTests
{
    [Theory]
    [InlineData("https://app.example.com")]
    [InlineData("https://app.example.com:8443")]
    [InlineData("http://localhost:5173")]
    public void Origin_is_taken(string origin) => Assert.Empty(new CrossOriginOptions { AllowedOrigins = [origin] }.Problems());

    [Theory]
    [InlineData("*")]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("app.example.com")]
    [InlineData("https://app.example.com/")]
    [InlineData("https://app.example.com/path")]
    [InlineData("https://App.example.com")]
    [InlineData("https://app.example.com:443")]
    [InlineData("https://user@app.example.com")]
    [InlineData("https://*.example.com")]
    [InlineData("ftp://app.example.com")]
    public void What_no_browser_sends_is_refused_by_its_full_name(string origin)
    {
        var problem = Assert.Single(new CrossOriginOptions { AllowedOrigins = ["https://app.example.com", origin] }.Problems());

        Assert.StartsWith("Cors__AllowedOrigins__1 ", problem, StringComparison.Ordinal);
    }
}
