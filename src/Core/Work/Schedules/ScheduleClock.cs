using Cronos;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Work.Schedules;

/// <summary>When a schedule's runs are due.</summary>
/// <remarks>
/// By the clock on the wall: a time that a change to summer time leaves out is due when the clock has been put forward, one
/// that occurs twice in autumn is due once. What recurs within the hour (<c>*/30 * * * *</c>) goes on through both.
/// </remarks>
internal sealed class ScheduleClock
{
    private const int MaxCronLength = 100;

    private readonly CronExpression _cron;
    private readonly TimeZoneInfo _zone;

    private ScheduleClock(CronExpression cron, TimeZoneInfo zone) => (_cron, _zone) = (cron, zone);

    public static ScheduleClock Of(ScheduleDefinition definition) =>
        new(CronExpression.Parse(definition.Cron, CronFormat.Standard), ZoneOf(definition.TimeZone));

    /// <summary>Whether this version reads what the definition says; a newer one may have written more.</summary>
    public static bool Knows(ScheduleDefinition definition) =>
        CronExpression.TryParse(definition.Cron, CronFormat.Standard, out _) && TimeZoneInfo.TryFindSystemTimeZoneById(definition.TimeZone, out _);

    public static void Validate(string? cron, string? timeZone, DateTimeOffset now, FieldErrors errors)
    {
        CronExpression? expression = null;
        if (cron is not null)
        {
            errors.Require(
                cron.Length <= MaxCronLength && !cron.StartsWith('@') && CronExpression.TryParse(cron, CronFormat.Standard, out expression),
                "cron",
                "Must be a cron expression of five fields (minute, hour, day of month, month, day of week), such as 0 8 * * MON-FRI.");
        }

        TimeZoneInfo? zone = null;
        if (timeZone is not null)
        {
            errors.Require(IanaTimeZones.TryFind(timeZone, out zone), "timeZone", "Must be an IANA time zone, such as Europe/Oslo or UTC.");
        }

        if (expression is not null && zone is not null)
        {
            errors.Require(expression.GetNextOccurrence(now, zone) is not null, "cron", "There is no such day: it would never be due.");
        }
    }

    private static TimeZoneInfo ZoneOf(string id) => IanaTimeZones.TryFind(id, out var zone)
        ? zone
        : throw new TimeZoneNotFoundException("The schedule's time zone is not known to this host any more.");

    /// <summary>The first occurrence after <paramref name="time"/>, in UTC; null when there is none any more.</summary>
    public DateTimeOffset? After(DateTimeOffset time) => _cron.GetNextOccurrence(time, _zone)?.ToUniversalTime();
}
