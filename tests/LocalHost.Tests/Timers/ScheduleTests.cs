using System.Globalization;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Timers;

namespace Yggdrasil.LocalHost.Tests.Timers;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData("*/15 * * * * *", "2025-01-31T23:59:50Z", "2025-02-01T00:00:00Z")]
    [InlineData("0 */5 * * * *", "2025-01-31T23:56:00Z", "2025-02-01T00:00:00Z")]
    [InlineData("30 9 * * MON-FRI", "2025-01-31T09:30:00Z", "2025-02-03T09:30:00Z")]
    [InlineData("0 30 2 * * *", "2025-03-30T00:00:00Z", "2025-03-30T02:30:00Z")]
    [InlineData("0 0 0 29 2 *", "2025-01-01T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("01:30:00", "2025-01-31T23:00:00Z", "2025-02-01T00:30:00Z")]
    public void Next_occurrence_is_in_utc_and_after_the_given_moment(string schedule, string after, string expected) =>
        Assert.Equal(Moment(expected), new Schedule(schedule).After(Moment(after)));

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("60 * * * * *")]
    [InlineData("every minute")]
    [InlineData("00:00:00")]
    [InlineData("-00:00:05")]
    public void What_is_no_schedule_is_refused(string schedule)
    {
        var refused = Assert.Throws<LocalHostException>(() => new Schedule(schedule));

        Assert.Contains($"\"{schedule}\"", refused.Message, StringComparison.Ordinal);
    }

    private static DateTimeOffset Moment(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
