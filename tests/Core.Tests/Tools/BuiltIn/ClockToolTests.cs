using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Tools;
using Yggdrasil.Tools.BuiltIn;

namespace Yggdrasil.Tests.Tools.BuiltIn;

public sealed class ClockToolTests
{
    private static readonly ClockTool Clock =
        new(new FakeTimeProvider(new DateTimeOffset(2026, 7, 1, 22, 30, 15, TimeSpan.Zero)));

    [Theory]
    [InlineData("Europe/Oslo", "2026-07-02T00:30:15+02:00", "+02:00", "Thursday")]
    [InlineData("UTC", "2026-07-01T22:30:15+00:00", "+00:00", "Wednesday")]
    [InlineData("America/New_York", "2026-07-01T18:30:15-04:00", "-04:00", "Wednesday")]
    [InlineData("Asia/Kathmandu", "2026-07-02T04:15:15+05:45", "+05:45", "Thursday")]
    [InlineData("Etc/GMT+5", "2026-07-01T17:30:15-05:00", "-05:00", "Wednesday")]
    public void The_local_time_of_a_zone(string zone, string local, string offset, string weekday) =>
        Assert.Equal(new ClockReading(zone, local, offset, weekday, "2026-07-01T22:30:15Z"), Clock.Read(zone));

    [Fact]
    public void Daylight_saving_follows_the_date()
    {
        var winter = new ClockTool(new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        Assert.Equal("+01:00", winter.Read("Europe/Oslo").UtcOffset);
    }

    [Theory]
    [InlineData("Europe/Olso", "Europe/Oslo")]
    [InlineData("Oslo", "Europe/Oslo")]
    [InlineData("new york", "America/New_York")]
    [InlineData("Asia/Tokio", "Asia/Tokyo")]
    [InlineData("Europe/Oslo\0", "Europe/Oslo")]
    public void An_unknown_zone_suggests_the_one_that_was_meant(string written, string suggestion)
    {
        var refused = Assert.Throws<ToolException>(() => Clock.Read(written));
        Assert.Contains("such as \"Europe/Oslo\"", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean", refused.Message, StringComparison.Ordinal);
        Assert.Contains(suggestion, refused.Message.Split("Did you mean")[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("Middle-earth/Rivendell")]
    [InlineData("W. Europe Standard Time")]
    [InlineData("../../../etc/passwd")]
    [InlineData("/etc/localtime")]
    [InlineData("/usr/share/zoneinfo/Europe/Oslo")]
    [InlineData("+02:00")]
    public void What_is_no_zone_is_explained(string written)
    {
        var refused = Assert.Throws<ToolException>(() => Clock.Read(written));
        Assert.Equal(
            "There is no such time zone. Give an IANA id such as \"Europe/Oslo\" or \"UTC\".", refused.Message);
    }

    [Fact]
    public void Any_text_is_a_zone_or_a_short_explanation() => Gen.OneOf(Gen.String, Gen.String[200, 500]).Sample(
        text => Assert.InRange(Assert.Throws<ToolException>(() => Clock.Read(text + "?")).Message.Length, 1, 250),
        iter: 50);

    [Fact]
    public async Task The_tool_is_idempotent_and_answers_json()
    {
        using var host = new ToolHost(services => services
            .Replace(ServiceDescriptor.Singleton<TimeProvider>(
                new FakeTimeProvider(new DateTimeOffset(2026, 7, 1, 22, 30, 15, TimeSpan.Zero))))
            .AddAgentTools<ClockTool>());

        Assert.True(host.Tool("clock").Idempotent);
        Assert.Equal(
            """{"timeZone":"Europe/Oslo","local":"2026-07-02T00:30:15+02:00","utcOffset":"+02:00","weekday":"Thursday","utc":"2026-07-01T22:30:15Z"}""",
            await host.CallAsync("clock", """{"timeZone":"Europe/Oslo"}"""));
    }
}
