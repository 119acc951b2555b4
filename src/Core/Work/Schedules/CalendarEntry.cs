using System.Globalization;

namespace Yggdrasil.Work.Schedules;

/// <summary>That a schedule is due at a minute: a row of the Due table, which is an index and no truth.</summary>
/// <param name="Minute">Its partition; in order of time.</param>
/// <param name="Partition">The owner's partition.</param>
/// <param name="WrittenAt">When it was written down.</param>
internal sealed record CalendarEntry(string Minute, string Partition, string ScheduleId, DateTimeOffset WrittenAt = default)
{
    /// <summary>What is due on a day has keys that begin with the year, so neither is among the other's.</summary>
    public const string Prefix = "at!";

    public string RowKey => $"{Partition}!{ScheduleId}";

    public static CalendarEntry Of(string partition, string scheduleId, DateTimeOffset dueAt) => new(MinuteOf(dueAt), partition, scheduleId);

    public static string MinuteOf(DateTimeOffset time) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{time.UtcDateTime:yyyy-MM-dd'T'HH:mm}");
}
