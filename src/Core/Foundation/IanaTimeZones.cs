using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace Yggdrasil.Foundation;

/// <summary>Time zones by their IANA ids, in whatever case they are written; the same on every platform.</summary>
public static class IanaTimeZones
{
    private const int MaxIdLength = 64;

    /// <summary>Ids in their own spelling, found by any other: on Linux zones are files, whose names have one case.</summary>
    private static readonly Lazy<FrozenSet<string>> Known = new(() =>
        TimeZoneInfo.GetSystemTimeZones().Select(zone => zone.Id).Append("UTC").Append("GMT").ToFrozenSet(StringComparer.OrdinalIgnoreCase));

    /// <summary>Finds a zone. Names that only Windows knows (<c>W. Europe Standard Time</c>) are not found.</summary>
    public static bool TryFind(string id, [NotNullWhen(true)] out TimeZoneInfo? zone)
    {
        // An id is looked up only if it cannot be a path to anything else.
        zone = null;
        return id.Length <= MaxIdLength && !id.StartsWith('/') && id.All(IsIdCharacter)
            && (TryFindExact(id, out zone) || (Known.Value.TryGetValue(id, out var spelled) && TryFindExact(spelled, out zone)));
    }

    private static bool TryFindExact(string id, [NotNullWhen(true)] out TimeZoneInfo? zone) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(id, out zone) && zone.HasIanaId;

    private static bool IsIdCharacter(char character) =>
        char.IsAsciiLetterOrDigit(character) || character is '/' or '_' or '-' or '+';
}
