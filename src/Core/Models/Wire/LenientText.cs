using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Yggdrasil.Models.Wire;

/// <summary>Reads strings of JSON that strict readers refuse: those with half a surrogate pair.</summary>
internal static class LenientText
{
    private const int EscapeLength = 6;

    /// <summary>Whether an escaped surrogate stands without its other half.</summary>
    /// <param name="escaped">A JSON string between its quotes.</param>
    public static bool HasLoneSurrogate(ReadOnlySpan<byte> escaped)
    {
        for (var at = escaped.IndexOf((byte)'\\'); at >= 0 && at + 1 < escaped.Length; at = Next(escaped, at))
        {
            if (SurrogateAt(escaped, at) is not { } half)
            {
                at += 2;
            }
            else if (char.IsHighSurrogate(half) && SurrogateAt(escaped, at + EscapeLength) is { } other && char.IsLowSurrogate(other))
            {
                at += 2 * EscapeLength;
            }
            else
            {
                return true;
            }
        }

        return false;

        static int Next(ReadOnlySpan<byte> text, int from) =>
            from < text.Length && text[from..].IndexOf((byte)'\\') is var offset and >= 0 ? from + offset : -1;
    }

    /// <summary>The text of a string element, with halves of pairs as they came; null for any other kind.</summary>
    public static string? Of(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        return Unescape(JsonMarshal.GetRawUtf8Value(element)[1..^1]);
    }

    /// <summary>The name of a member, in which halves of pairs are U+FFFD.</summary>
    public static string NameOf(JsonProperty member) => Mend(Unescape(JsonMarshal.GetRawUtf8PropertyName(member)));

    /// <summary>Halves of pairs become U+FFFD.</summary>
    public static string Mend(string text)
    {
        var at = LoneAt(text, 0);
        if (at < 0)
        {
            return text;
        }

        var corrected = text.ToCharArray();
        for (; at >= 0; at = LoneAt(text, at + 1))
        {
            corrected[at] = '\uFFFD';
        }

        return new string(corrected);
    }

    /// <summary>Halves of pairs become their escape: two that belong together are one character again once both are there.</summary>
    public static string Escape(string json)
    {
        if (LoneAt(json, 0) < 0)
        {
            return json;
        }

        var escaped = new StringBuilder(json.Length + EscapeLength);
        for (int from = 0, at = LoneAt(json, 0); from < json.Length; from = at + 1, at = LoneAt(json, from))
        {
            escaped.Append(json, from, (at < 0 ? json.Length : at) - from);
            if (at < 0)
            {
                break;
            }

            escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)json[at]:x4}");
        }

        return escaped.ToString();
    }

    private static int LoneAt(string text, int from)
    {
        for (var at = from; at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at]))
            {
                continue;
            }

            if (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]))
            {
                at++;
                continue;
            }

            return at;
        }

        return -1;
    }

    private static char? SurrogateAt(ReadOnlySpan<byte> text, int at) =>
        at + EscapeLength <= text.Length && text[at] == '\\' && text[at + 1] == 'u'
        && ushort.TryParse(text.Slice(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
        && char.IsSurrogate((char)unit)
            ? (char)unit
            : null;

    private static string Unescape(ReadOnlySpan<byte> escaped)
    {
        if (!escaped.Contains((byte)'\\'))
        {
            return Encoding.UTF8.GetString(escaped);
        }

        var buffer = ArrayPool<char>.Shared.Rent(escaped.Length);
        try
        {
            var length = 0;
            while (!escaped.IsEmpty)
            {
                var plain = escaped.IndexOf((byte)'\\') is var at and >= 0 ? at : escaped.Length;
                length += Encoding.UTF8.GetChars(escaped[..plain], buffer.AsSpan(length));
                escaped = escaped[plain..];
                if (!escaped.IsEmpty)
                {
                    var (unit, taken) = Unit(escaped);
                    buffer[length++] = unit;
                    escaped = escaped[taken..];
                }
            }

            return new string(buffer, 0, length);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(buffer, clearArray: true);
        }
    }

    /// <summary>The character of an escape, which the JSON reader has found to be one.</summary>
    private static (char Unit, int Taken) Unit(ReadOnlySpan<byte> escape) => escape[1] switch
    {
        (byte)'u' => ((char)ushort.Parse(escape.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), EscapeLength),
        (byte)'n' => ('\n', 2),
        (byte)'r' => ('\r', 2),
        (byte)'t' => ('\t', 2),
        (byte)'b' => ('\b', 2),
        (byte)'f' => ('\f', 2),
        var other => ((char)other, 2),
    };
}
