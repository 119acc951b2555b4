using System.Buffers;

namespace Yggdrasil.Redaction;

/// <summary>
/// Values that were found somewhere in a conversation, so that they are found where nothing gives them away too: a
/// password is known by its label in the input, but the answer says only "it is hunter2", and goes back to the provider
/// with the next turn.
/// </summary>
internal sealed class KnownValues
{
    // Shorter ones are words; longer ones are keys, which are recognised by themselves.
    private const int MinLength = 4;
    private const int MaxLength = 128;

    private readonly Dictionary<string, FindingKind> _kinds = new(StringComparer.Ordinal);
    private (SearchValues<string> Search, int[] Lengths)? _index;

    public void Add(string value, FindingKind kind)
    {
        if (value.Length is >= MinLength and <= MaxLength && _kinds.TryAdd(value, kind))
        {
            _index = null;
        }
    }

    /// <summary>Adds every place where a known value stands as a word of its own.</summary>
    public void FindIn(string text, List<Finding> findings)
    {
        if (_kinds.Count == 0)
        {
            return;
        }

        var (search, lengths) = _index ??= Index();
        var kinds = _kinds.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var at = IndexOf(text, search, 0); at >= 0; at = IndexOf(text, search, at + 1))
        {
            if (at > 0 && IsWord(text[at - 1]) && IsWord(text[at]))
            {
                continue;
            }

            foreach (var length in lengths)
            {
                var end = at + length;
                if (end <= text.Length && !(end < text.Length && IsWord(text[end]) && IsWord(text[end - 1]))
                    && kinds.TryGetValue(text.AsSpan(at, length), out var kind))
                {
                    findings.Add(new Finding(kind, at, length));
                    break;
                }
            }
        }
    }

    private (SearchValues<string> Search, int[] Lengths) Index() => (
        SearchValues.Create([.. _kinds.Keys], StringComparison.Ordinal),
        [.. _kinds.Keys.Select(value => value.Length).Distinct().OrderDescending()]);

    private static int IndexOf(string text, SearchValues<string> search, int from) =>
        from < text.Length && text.AsSpan(from).IndexOfAny(search) is var offset and >= 0 ? from + offset : -1;

    private static bool IsWord(char character) => char.IsLetterOrDigit(character) || character == '_';
}
