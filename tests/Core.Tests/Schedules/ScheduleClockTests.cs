using System.Globalization;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Work.Schedules;

namespace Yggdrasil.Tests.Schedules;

public sealed class ScheduleClockTests
{
    private static readonly DateTimeOffset Now = At("2026-01-01T00:00Z");

    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T12:00Z", "2026-03-29T01:00Z", "2026-03-30T00:30Z")] // left out by the clock: due when it has been put forward
    [InlineData("30 2 * * *", "2026-10-24T12:00Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z")] // there twice: due once
    [InlineData("0 8 * * *", "2026-03-28T12:00Z", "2026-03-29T06:00Z", "2026-03-30T06:00Z")] // eight o'clock on the wall on both sides
    [InlineData("*/30 * * * *", "2026-10-25T00:00Z", "2026-10-25T00:30Z", "2026-10-25T01:00Z")] // goes on through the hour that is there twice
    [InlineData("*/30 * * * *", "2026-03-29T00:30Z", "2026-03-29T01:00Z", "2026-03-29T01:30Z")] // and past the one that is not there
    public void Schedule_follows_the_clock_on_the_wall_through_its_changes(string cron, string after, string first, string second)
    {
        var clock = Clock(cron, "Europe/Oslo");

        Assert.Equal(At(first), clock.After(At(after)));
        Assert.Equal(At(second), clock.After(At(first)));
    }

    [Fact]
    public void Day_that_is_years_away_is_found() =>
        Assert.Equal(At("2028-02-29T12:00Z"), Clock("0 12 29 2 *", "UTC").After(Now));

    [Theory]
    [InlineData("0 8 * * MON-FRI", "Europe/Oslo", null)]
    [InlineData("*/5 * * * *", "UTC", null)]
    [InlineData("0 0 30 2 *", "UTC", "cron")]
    [InlineData("* * * * * *", "UTC", "cron")]
    [InlineData("@daily", "UTC", "cron")]
    [InlineData("60 * * * *", "UTC", "cron")]
    [InlineData("", "UTC", "cron")]
    [InlineData("every day", "UTC", "cron")]
    [InlineData("0 8 * * *", "Mars/Olympus", "timeZone")]
    [InlineData("0 8 * * *", "W. Europe Standard Time", "timeZone")]
    [InlineData("0 8 * * *", "../etc/passwd", "timeZone")]
    [InlineData("0 8 * * *", "", "timeZone")]
    public void What_is_wrong_is_named(string cron, string timeZone, string? field)
    {
        var errors = new FieldErrors();

        ScheduleClock.Validate(cron, timeZone, Now, errors);

        Assert.Equal(field is null ? [] : [field], errors.Lines.Select(line => line.Split(':')[0]));
    }

    private static ScheduleClock Clock(string cron, string timeZone) =>
        ScheduleClock.Of(new ScheduleDefinition { Agent = "a", Input = [], Cron = cron, TimeZone = timeZone });

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture);
}
