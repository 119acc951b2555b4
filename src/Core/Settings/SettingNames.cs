namespace Yggdrasil.Settings;

/// <summary>How settings are named to people: as environment variables.</summary>
public static class SettingNames
{
    /// <summary><c>Runs:SliceSeconds</c> as <c>Runs__SliceSeconds</c>.</summary>
    public static string Of(string configurationPath) => configurationPath.Replace(":", "__", StringComparison.Ordinal);

    /// <summary>
    /// "X is unknown", with the name that was probably meant, or else all that there are. Unknown settings stop the start:
    /// one that is silently ignored looks like one that does not work.
    /// </summary>
    /// <param name="parent">The section's path.</param>
    /// <param name="key">What stands there.</param>
    /// <param name="known">What may stand there.</param>
    public static string Unknown(string parent, string key, IReadOnlyCollection<string> known)
    {
        var hint = Closest(key, known) is { } meant
            ? $"did you mean {Of(parent)}__{meant}?"
            : $"it may have {string.Join(", ", known.Order(StringComparer.Ordinal))}.";
        return $"{Of(parent)}__{Of(key)} is no setting: {hint}";
    }

    /// <summary>The known name that <paramref name="text"/> is a slip of: at most a third of it differs; null where none is.</summary>
    public static string? Closest(string text, IReadOnlyCollection<string> known) => known
        .Select(name => (Name: name, Edits: Edits(text, name)))
        .Where(candidate => candidate.Edits <= Math.Max(1, candidate.Name.Length / 3))
        .OrderBy(candidate => candidate.Edits)
        .ThenBy(candidate => candidate.Name, StringComparer.Ordinal)
        .Select(candidate => candidate.Name)
        .FirstOrDefault();

    /// <summary>Levenshtein's distance, without regard to case.</summary>
    private static int Edits(string one, string other)
    {
        var previous = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var row = 1; row <= one.Length; row++)
        {
            var current = new int[other.Length + 1];
            current[0] = row;
            for (var column = 1; column <= other.Length; column++)
            {
                var same = char.ToUpperInvariant(one[row - 1]) == char.ToUpperInvariant(other[column - 1]);
                current[column] = Math.Min(
                    Math.Min(current[column - 1], previous[column]) + 1, previous[column - 1] + (same ? 0 : 1));
            }

            previous = current;
        }

        return previous[^1];
    }
}
