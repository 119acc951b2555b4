namespace Yggdrasil.Tools.BuiltIn;

/// <summary>A moment in a time zone.</summary>
/// <param name="TimeZone">IANA id, in its own spelling.</param>
/// <param name="Local">ISO 8601 with offset.</param>
/// <param name="UtcOffset">Such as <c>+02:00</c>, daylight saving included.</param>
/// <param name="Weekday">In English, of the local date.</param>
/// <param name="Utc">ISO 8601.</param>
public sealed record ClockReading(string TimeZone, string Local, string UtcOffset, string Weekday, string Utc);
