namespace Yggdrasil.Tools.BuiltIn;

/// <summary>Finds out which time zone was meant.</summary>
internal static class TimeZoneNames
{
    private const int MaxSuggestions = 3;

    /// <summary>Words for the model about an id that is not known.</summary>
    public static string Explain(string id)
    {
        var known = TimeZoneInfo.GetSystemTimeZones()
            .Select(zone => zone.Id)
            .Where(name => name.Contains('/'))
            .ToArray();
        if (known.Length == 0)
        {
            // A container without tzdata, or Windows with invariant globalization: asking again would not help.
            return "This host has no IANA time zone data; only UTC is known.";
        }

        var similar = known.Select(name => (Name: name, Distance: Distance(id, name)))
            .Where(match => match.Distance <= 2)
            .OrderBy(match => match.Distance)
            .ThenBy(match => match.Name, StringComparer.Ordinal)
            .Take(MaxSuggestions)
            .Select(match => match.Name)
            .ToArray();
        var suggestion = similar.Length > 0 ? $" Did you mean {string.Join(", ", similar)}?" : string.Empty;
        return $"There is no such time zone. Give an IANA id such as \"Europe/Oslo\" or \"UTC\".{suggestion}";
    }

    /// <summary>
    /// Edits from what was written to the zone: to its whole id, or to the city alone if nothing else was given.
    /// </summary>
    private static int Distance(string written, string zone)
    {
        var wanted = written.Replace(' ', '_');
        return wanted.Contains('/')
            ? Edits(wanted, zone)
            : Edits(wanted, zone[(zone.LastIndexOf('/') + 1)..]);
    }

    /// <summary>Levenshtein's distance, ignoring case. Both are at most 64 characters long.</summary>
    private static int Edits(string from, string to)
    {
        var previous = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var row = 1; row <= from.Length; row++)
        {
            var current = new int[to.Length + 1];
            current[0] = row;
            for (var column = 1; column <= to.Length; column++)
            {
                var isSame = char.ToUpperInvariant(from[row - 1]) == char.ToUpperInvariant(to[column - 1]);
                current[column] = Math.Min(
                    Math.Min(current[column - 1], previous[column]) + 1,
                    previous[column - 1] + (isSame ? 0 : 1));
            }

            previous = current;
        }

        return previous[to.Length];
    }
}
