namespace Yggdrasil.Redaction.Detectors;

/// <summary>Groups of digits joined by one and the same separator, such as <c>4111-1111-1111-1111</c>.</summary>
internal ref struct DigitGroups
{
    private const int Max = 6;
    private LengthsOfGroups _lengths;

    public int Count { get; private set; }

    /// <summary>NUL for a single group, a space or a dash for more.</summary>
    public char Separator { get; private set; }

    public int Start { get; private init; }

    public readonly int this[int group] => _lengths[group];

    /// <summary>Reads from the first digit of a number.</summary>
    public static DigitGroups Read(ref TextScan scan, int start)
    {
        var groups = new DigitGroups { Start = start };
        var end = scan.EndOfRun(start, Characters.Digits);
        groups._lengths[groups.Count++] = end - start;
        while (groups.Count < Max && char.IsAsciiDigit(scan[end + 1]) && groups.Takes(scan[end]))
        {
            var next = scan.EndOfRun(end + 1, Characters.Digits);
            groups._lengths[groups.Count++] = next - end - 1;
            end = next;
        }

        return groups;
    }

    /// <summary>Whether the first groups have these lengths.</summary>
    public readonly bool BeginWith(params ReadOnlySpan<int> lengths)
    {
        for (var i = 0; i < lengths.Length; i++)
        {
            if (i >= Count || _lengths[i] != lengths[i])
            {
                return false;
            }
        }

        return true;
    }

    public readonly int EndOf(int count)
    {
        var end = Start - 1;
        for (var i = 0; i < count; i++)
        {
            end += _lengths[i] + 1;
        }

        return end;
    }

    /// <summary>Whether a number stands alone from <see cref="Start"/>: not within a word, a longer number or a decimal.</summary>
    public static bool StandsAlone(ref TextScan scan, int start, int end) =>
        scan.StartsWord(start) && scan.EndsWord(end)
        && !(IsJoint(scan[start - 1]) && char.IsAsciiDigit(scan[start - 2]))
        && !(IsJoint(scan[end]) && char.IsAsciiDigit(scan[end + 1]));

    private static bool IsJoint(char character) => character is '.' or '/' || Characters.IsDash(character);

    private bool Takes(char separator)
    {
        var known = Characters.IsDash(separator) ? '-' : Characters.IsSpace(separator) ? ' ' : '\0';
        if (known == '\0' || (Separator != '\0' && Separator != known))
        {
            return false;
        }

        Separator = known;
        return true;
    }

    [System.Runtime.CompilerServices.InlineArray(Max)]
    private struct LengthsOfGroups
    {
        private int _first;
    }
}
