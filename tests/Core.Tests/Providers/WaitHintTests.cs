using Yggdrasil.Models.Failures;

namespace Yggdrasil.Tests.Providers;

public class WaitHintTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("20", 20.0)]
    [InlineData("1.5", 1.5)]
    [InlineData("3.2s", 3.2)]
    [InlineData("6m0s", 360.0)]
    [InlineData("120ms", 0.12)]
    [InlineData("1h2m3s", 3723.0)]
    [InlineData("1d", 86400.0)]
    [InlineData("1767268810", 10.0)]
    [InlineData("1767268810000", 10.0)]
    [InlineData("2026-01-01T12:00:07Z", 7.0)]
    [InlineData("Thu, 01 Jan 2026 12:01:00 GMT", 60.0)]
    [InlineData("2026-01-01T11:00:00Z", 0.0)]
    [InlineData("soon", null)]
    [InlineData("-5", null)]
    [InlineData("", null)]
    [InlineData("99999999999999999", null)]
    public void Duration_or_date_is_read(string text, double? seconds) => Assert.Equal(seconds, WaitHint.Parse(text, Now)?.TotalSeconds);

    [Theory]
    [InlineData("Please try again in 3.2s. Visit us", 3.2)]
    [InlineData("Please retry in 46.9s.", 46.9)]
    [InlineData("Please try again in 6m0s.", 360.0)]
    [InlineData("Please try again in 250ms.", 0.25)]
    [InlineData("Please retry after 20 seconds.", 20.0)]
    [InlineData("Try again in 1 minute and 30 seconds", 90.0)]
    [InlineData("You must wait 2 minutes", 120.0)]
    [InlineData("Used 5900 in 3 models", null)]
    [InlineData("nothing to see", null)]
    public void Words_are_read(string message, double? seconds) => Assert.Equal(seconds, WaitHint.InWords(message)?.TotalSeconds);

    [Theory]
    [InlineData("x-ratelimit-reset-tokens=3.2s", 3.2)]
    [InlineData("x-ratelimit-reset-requests=2m59s;x-ratelimit-remaining-requests=100;x-ratelimit-reset-tokens=7.6s;x-ratelimit-remaining-tokens=0", 7.6)]
    [InlineData("x-ratelimit-reset-requests=2m59s;x-ratelimit-remaining-requests=0;x-ratelimit-reset-tokens=7.6s;x-ratelimit-remaining-tokens=0", 179.0)]
    [InlineData("x-ratelimit-reset=1767268810000", 10.0)]
    [InlineData("anthropic-ratelimit-tokens-reset=2026-01-01T12:00:07Z;anthropic-ratelimit-tokens-remaining=0", 7.0)]
    [InlineData("x-other=1", null)]
    public void Limits_tell_when_they_are_lifted(string headers, double? seconds)
    {
        var sent = headers.Split(';').Select(header => header.Split('=')).ToDictionary(header => header[0], header => header[1]);

        Assert.Equal(seconds, WaitHint.FromLimits(sent.GetValueOrDefault, Now)?.TotalSeconds);
    }
}
