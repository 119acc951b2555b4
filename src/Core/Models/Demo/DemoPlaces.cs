using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Yggdrasil.Models.Demo;

/// <summary>Which places a prompt asks the time of, and their IANA time zones.</summary>
internal static class DemoPlaces
{
    private const int MostWordsOfAName = 3;

    private const RegexOptions Options =
        RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant;

    private static readonly Regex AsksForTime = new(@"\b(?:time|clock|o'clock)\b", Options);
    private static readonly Regex AsksForTimeNow = new(
        @"\b(?:what time|what's the time|the time now|current time|what is the time)\b", Options);
    private static readonly Regex Word = new(@"[\p{L}\p{M}]+(?:[-'/_][\p{L}\p{M}]+)*", Options);

    private static readonly FrozenSet<string> WordsBeforeAPlace =
        new[] { "in", "at", "for", "and", "or" }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly (string Name, string TimeZone)[] CityList =
    [
        ("UTC", "Etc/UTC"), ("GMT", "Etc/UTC"),
        ("Amsterdam", "Europe/Amsterdam"), ("Athens", "Europe/Athens"), ("Auckland", "Pacific/Auckland"),
        ("Bangalore", "Asia/Kolkata"), ("Bangkok", "Asia/Bangkok"), ("Barcelona", "Europe/Madrid"),
        ("Beijing", "Asia/Shanghai"), ("Berlin", "Europe/Berlin"), ("Bergen", "Europe/Oslo"), ("Bogota", "America/Bogota"),
        ("Boston", "America/New_York"), ("Brussels", "Europe/Brussels"), ("Budapest", "Europe/Budapest"),
        ("Buenos Aires", "America/Argentina/Buenos_Aires"), ("Cairo", "Africa/Cairo"), ("Cape Town", "Africa/Johannesburg"),
        ("Chicago", "America/Chicago"), ("Copenhagen", "Europe/Copenhagen"), ("Dallas", "America/Chicago"),
        ("Delhi", "Asia/Kolkata"), ("Denver", "America/Denver"), ("Dubai", "Asia/Dubai"), ("Dublin", "Europe/Dublin"),
        ("Frankfurt", "Europe/Berlin"), ("Geneva", "Europe/Zurich"), ("Hamburg", "Europe/Berlin"), ("Hanoi", "Asia/Bangkok"),
        ("Helsinki", "Europe/Helsinki"), ("Hong Kong", "Asia/Hong_Kong"), ("Honolulu", "Pacific/Honolulu"),
        ("Istanbul", "Europe/Istanbul"), ("Jakarta", "Asia/Jakarta"), ("Johannesburg", "Africa/Johannesburg"),
        ("Kyiv", "Europe/Kyiv"), ("Kyoto", "Asia/Tokyo"), ("Lagos", "Africa/Lagos"), ("Las Vegas", "America/Los_Angeles"),
        ("Lima", "America/Lima"), ("Lisbon", "Europe/Lisbon"), ("London", "Europe/London"),
        ("Los Angeles", "America/Los_Angeles"), ("Madrid", "Europe/Madrid"), ("Manila", "Asia/Manila"),
        ("Melbourne", "Australia/Melbourne"), ("Mexico City", "America/Mexico_City"), ("Miami", "America/New_York"),
        ("Milan", "Europe/Rome"), ("Montreal", "America/Toronto"), ("Moscow", "Europe/Moscow"), ("Mumbai", "Asia/Kolkata"),
        ("Munich", "Europe/Berlin"), ("Nairobi", "Africa/Nairobi"), ("New Delhi", "Asia/Kolkata"),
        ("New York", "America/New_York"), ("Osaka", "Asia/Tokyo"), ("Oslo", "Europe/Oslo"), ("Paris", "Europe/Paris"),
        ("Perth", "Australia/Perth"), ("Prague", "Europe/Prague"), ("Reykjavik", "Atlantic/Reykjavik"), ("Riga", "Europe/Riga"),
        ("Rio de Janeiro", "America/Sao_Paulo"), ("Rome", "Europe/Rome"), ("San Francisco", "America/Los_Angeles"),
        ("Santiago", "America/Santiago"), ("Sao Paulo", "America/Sao_Paulo"), ("Seattle", "America/Los_Angeles"),
        ("Seoul", "Asia/Seoul"), ("Shanghai", "Asia/Shanghai"), ("Singapore", "Asia/Singapore"),
        ("Stockholm", "Europe/Stockholm"), ("Sydney", "Australia/Sydney"), ("Tehran", "Asia/Tehran"),
        ("Tel Aviv", "Asia/Jerusalem"), ("Tokyo", "Asia/Tokyo"), ("Toronto", "America/Toronto"), ("Trondheim", "Europe/Oslo"),
        ("Vancouver", "America/Vancouver"), ("Vienna", "Europe/Vienna"), ("Warsaw", "Europe/Warsaw"),
        ("Washington", "America/New_York"), ("Zurich", "Europe/Zurich"),
    ];

    private static readonly FrozenDictionary<string, (string Name, string TimeZone)> Cities =
        CityList.ToFrozenDictionary(city => city.Name, StringComparer.OrdinalIgnoreCase);

    // Cities of the time zone database that the list above lacks, and the zones' own names. English words among them
    // (Center, Troll) count only where a place is expected.
    private static readonly Lazy<FrozenDictionary<string, (string Name, string TimeZone)>> Zones = new(ReadZones);

    public static IEnumerable<string> KnownTimeZones => Cities.Values.Select(city => city.TimeZone);

    public static IEnumerable<DemoAction> TimesAskedFor(string text)
    {
        if (!AsksForTime.IsMatch(text))
        {
            return [];
        }

        var places = Places(text).ToList();
        return places.Count == 0 && AsksForTimeNow.IsMatch(text) ? [DemoAction.TellTime("UTC", "Etc/UTC")] : places;
    }

    private static IEnumerable<DemoAction> Places(string text)
    {
        var words = Word.Matches(text).Select(match => match.Value).ToArray();
        var index = 0;
        while (index < words.Length)
        {
            var (place, length) = PlaceAt(words, index);
            if (place is { } found)
            {
                yield return DemoAction.TellTime(found.Name, found.TimeZone);
            }

            index += length;
        }
    }

    /// <summary>The longest name that begins here, so that "New York" wins over any "York".</summary>
    private static ((string Name, string TimeZone)? Place, int Length) PlaceAt(string[] words, int index)
    {
        var expected = index > 0 && WordsBeforeAPlace.Contains(words[index - 1]);
        for (var length = Math.Min(MostWordsOfAName, words.Length - index); length > 0; length--)
        {
            var name = string.Join(' ', words, index, length);
            if (Cities.TryGetValue(name, out var place) || (expected && Zones.Value.TryGetValue(name, out place)))
            {
                return (place, length);
            }
        }

        return (null, 1);
    }

    private static FrozenDictionary<string, (string Name, string TimeZone)> ReadZones()
    {
        var zones = new Dictionary<string, (string Name, string TimeZone)>(StringComparer.OrdinalIgnoreCase);
        foreach (var id in TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id).Where(id => id.Contains('/')))
        {
            var city = id[(id.LastIndexOf('/') + 1)..].Replace('_', ' ');
            zones.TryAdd(city, (city, id));
            zones.TryAdd(id, (city, id));
        }

        return zones.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
    }
}
