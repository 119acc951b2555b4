namespace Yggdrasil.Foundation.Settings;

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

    /// <summary>Slips from one to the other, without regard to case: letters added, left out, changed, or two swapped.</summary>
    private static int Edits(string one, string other)
    {
        var edits = new int[one.Length + 1, other.Length + 1];
        for (var row = 0; row <= one.Length; row++)
        {
            for (var column = 0; column <= other.Length; column++)
            {
                edits[row, column] = row == 0 || column == 0
                    ? row + column
                    : Math.Min(
                        Math.Min(edits[row - 1, column], edits[row, column - 1]) + 1,
                        edits[row - 1, column - 1] + (Same(row, column) ? 0 : 1));
                if (row > 1 && column > 1 && Same(row, column - 1) && Same(row - 1, column))
                {
                    edits[row, column] = Math.Min(edits[row, column], edits[row - 2, column - 2] + 1);
                }
            }
        }

        return edits[one.Length, other.Length];

        bool Same(int row, int column) => char.ToUpperInvariant(one[row - 1]) == char.ToUpperInvariant(other[column - 1]);
    }
}
