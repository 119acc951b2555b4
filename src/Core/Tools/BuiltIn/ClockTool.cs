using System.ComponentModel;
using System.Globalization;

namespace Yggdrasil.Tools.BuiltIn;

/// <summary>The time anywhere; models do not know it.</summary>
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

    private static TimeZoneInfo Find(string id)
    {
        // Zones are files on Linux, so an id is looked up only if it cannot be a path to anything else. Windows names
        // ("W. Europe Standard Time") are refused on every platform: a tool must not answer differently by host.
        if (id.Length <= MaxIdLength && !id.StartsWith('/') && id.All(IsIdCharacter)
            && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone))
        {
            return zone;
        }

        throw new ToolException(TimeZoneNames.Explain(id.Length <= MaxIdLength ? id : id[..MaxIdLength]));
    }

    private static bool IsIdCharacter(char character) =>
        char.IsAsciiLetterOrDigit(character) || character is '/' or '_' or '-' or '+';
}
