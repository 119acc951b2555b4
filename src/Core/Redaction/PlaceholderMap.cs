using System.Text;
using System.Text.Encodings.Web;

namespace Yggdrasil.Redaction;

/// <summary>Which placeholder stands for which original, and the way back.</summary>
/// <param name="reserved">Placeholders that somebody wrote; they stand for nothing and are given to nothing.</param>
internal sealed class PlaceholderMap(IReadOnlySet<Placeholder> reserved)
{
    private readonly Dictionary<(FindingKind Kind, string Original), Placeholder> _placeholders = [];
    private readonly Dictionary<Placeholder, string> _originals = [];
    private readonly Dictionary<FindingKind, int> _last = [];

    public bool IsEmpty => _originals.Count == 0;

    /// <summary>The original's placeholder: the same for the same original, numbered by first appearance.</summary>
    public Placeholder For(FindingKind kind, string original)
    {
        if (_placeholders.TryGetValue((kind, original), out var known))
        {
            return known;
        }

        var number = _last.GetValueOrDefault(kind) + 1;
        while (reserved.Contains(new Placeholder(kind, number)))
        {
            number++;
        }

        _last[kind] = number;
        var placeholder = new Placeholder(kind, number);
        _placeholders[(kind, original)] = placeholder;
        _originals[placeholder] = original;
        return placeholder;
    }

    /// <summary>The text with originals in place of their placeholders. One that stands for nothing stays as it is.</summary>
    /// <remarks>What was put back is not read again: an original may hold text that looks like a placeholder.</remarks>
    /// <param name="asJson">The text is JSON, in whose strings an original must be escaped.</param>
    public string Restore(string text, bool asJson = false)
    {
        var at = IsEmpty ? -1 : text.IndexOf('[', StringComparison.Ordinal);
        if (at < 0)
        {
            return text;
        }

        var restored = new StringBuilder(text.Length);
        var copied = 0;
        while (at >= 0)
        {
            var next = at + 1;
            if (Placeholder.TryRead(text.AsSpan(at), out var placeholder, out var length) && _originals.TryGetValue(placeholder, out var original))
            {
                restored.Append(text, copied, at - copied).Append(asJson ? JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(original) : original);
                copied = next = at + length;
            }

            at = text.IndexOf('[', next);
        }

        return copied == 0 ? text : restored.Append(text, copied, text.Length - copied).ToString();
    }
}
