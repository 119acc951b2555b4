using System.Buffers;

namespace Yggdrasil.Redaction;

/// <summary>A text under inspection: every look at it goes through here, and is counted.</summary>
/// <remarks>
/// Detectors read hostile text, so their time must be linear in its length. <see cref="Work"/> is how tests prove that
/// without a clock: a detector that looks at the same characters over and over has a number to show for it.
/// </remarks>
internal ref struct TextScan(ReadOnlySpan<char> text)
{
    private readonly ReadOnlySpan<char> _text = text;

    public readonly int Length => _text.Length;

    public List<Finding>? Findings { get; private set; }

    /// <summary>Characters looked at, in all searches and runs so far.</summary>
    public long Work { get; private set; }

    /// <summary>The character there; NUL before the beginning and behind the end.</summary>
    public char this[int index]
    {
        get
        {
            Work++;
            return (uint)index < (uint)_text.Length ? _text[index] : '\0';
        }
    }

    public ReadOnlySpan<char> Slice(int start, int end)
    {
        Work += end - start;
        return _text[start..end];
    }

    public int Next(int from, char anchor) => Found(from, _text[from..].IndexOf(anchor));

    public int Next(int from, string anchor) => Found(from, _text[from..].IndexOf(anchor, StringComparison.Ordinal));

    /// <summary>The index of the next of the anchors at or after <paramref name="from"/>; negative when there is none.</summary>
    public int Next(int from, SearchValues<string> anchors) => Found(from, _text[from..].IndexOfAny(anchors));

    public int NextDigit(int from) => Found(from, _text[from..].IndexOfAnyInRange('0', '9'));

    /// <summary>The index of the first character at or after <paramref name="start"/> that is not of the set.</summary>
    public int EndOfRun(int start, SearchValues<char> set)
    {
        var length = _text[start..].IndexOfAnyExcept(set);
        var end = length < 0 ? _text.Length : start + length;
        Work += end - start + 1;
        return end;
    }

    /// <summary>The index of the first character at or after <paramref name="start"/> that is of the set.</summary>
    public int EndOfOthers(int start, SearchValues<char> set)
    {
        var length = _text[start..].IndexOfAny(set);
        var end = length < 0 ? _text.Length : start + length;
        Work += end - start + 1;
        return end;
    }

    /// <summary>Where the run of characters of the set begins that ends before <paramref name="end"/>.</summary>
    public int StartOfRun(int end, SearchValues<char> set)
    {
        var start = _text[..end].LastIndexOfAnyExcept(set) + 1;
        Work += end - start + 1;
        return start;
    }

    /// <summary>Where the run of characters outside the set begins that ends before <paramref name="end"/>.</summary>
    public int StartOfOthers(int end, SearchValues<char> set)
    {
        var start = _text[..end].LastIndexOfAny(set) + 1;
        Work += end - start + 1;
        return start;
    }

    public bool Has(int at, string expected, StringComparison comparison = StringComparison.Ordinal)
    {
        Work += expected.Length;
        return at >= 0 && at <= _text.Length && _text[at..].StartsWith(expected, comparison);
    }

    /// <summary>
    /// Whether a word, also one within <c>homePhone</c> or <c>home_phone</c>, begins with one of the labels in the
    /// <paramref name="within"/> characters before <paramref name="index"/>.
    /// </summary>
    public bool HasBefore(int index, int within, SearchValues<string> labels)
    {
        var start = Math.Max(0, index - within);
        Work += index - start;
        for (var window = _text[start..index]; window.IndexOfAny(labels) is var at and >= 0; window = window[(at + 1)..])
        {
            var label = index - window.Length + at;
            var before = label == 0 ? '\0' : _text[label - 1];
            if (!char.IsAsciiLetter(before) || (char.IsAsciiLetterLower(before) && char.IsAsciiLetterUpper(_text[label])))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a word may begin at <paramref name="index"/>. Behind an escape such as <c>\n</c> it may: texts are often JSON
    /// within a string. Only ASCII counts as word: a number may follow a Chinese character directly.
    /// </summary>
    public bool StartsWord(int index) =>
        !IsWord(this[index - 1]) || (this[index - 1] is 'n' or 'r' or 't' && this[index - 2] == '\\');

    /// <summary>Whether a word may end before <paramref name="index"/>.</summary>
    public bool EndsWord(int index) => !IsWord(this[index]);

    public void Add(FindingKind kind, int start, int end) => (Findings ??= []).Add(new Finding(kind, start, end - start));

    private static bool IsWord(char character) => char.IsAsciiLetterOrDigit(character) || character == '_';

    private int Found(int from, int offset)
    {
        Work += (offset < 0 ? _text.Length - from : offset) + 1;
        return offset < 0 ? -1 : from + offset;
    }
}
