using System.ComponentModel;
using System.Globalization;
using Yggdrasil.Foundation;

namespace Yggdrasil.Tools.BuiltIn;

/// <summary>The current time in a time zone.</summary>
public sealed class ClockTool(TimeProvider time)
{
    private const int MaxIdLength = 64;

    /// <exception cref="ToolException">There is no such time zone; the message names similar ones.</exception>
    [AgentTool(Name = "clock", Idempotent = true, TimeoutSeconds = 5)]
    [Description("Tells the current date, time and weekday in a time zone.")]
    public ClockReading Read(
        [Description("IANA time zone, such as Europe/Oslo, America/New_York or UTC")] string timeZone)
    {
        ArgumentNullException.ThrowIfNull(timeZone);

        var zone = Find(timeZone);
        var utc = time.GetUtcNow();
        var local = TimeZoneInfo.ConvertTime(utc, zone);
        return new ClockReading(
            zone.Id,
            local.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture),
            local.ToString("zzz", CultureInfo.InvariantCulture),
            local.ToString("dddd", CultureInfo.InvariantCulture),
            utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
    }

    private static TimeZoneInfo Find(string id) => IanaTimeZones.TryFind(id, out var zone)
        ? zone
        : throw new ToolException(TimeZoneNames.Explain(id.Length <= MaxIdLength ? id : id[..MaxIdLength]));
}
