using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>Integers in JSON however they are written: <c>4.0</c> and <c>4e0</c> are 4 (JSON Schema 2020-12, core section 4.2.3).</summary>
public static class JsonIntegers
{
    /// <summary>Longer ones fit no type that is bound to, and are left as they are written.</summary>
    private const int MaxDigits = 28;

    /// <summary>Reads a number that has no fraction and fits.</summary>
    public static bool TryRead(JsonElement value, out long number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number
            && (value.TryGetInt64(out number)
                || (Canonical(Encoding.UTF8.GetBytes(value.GetRawText())) is { } text
                    && Utf8Parser.TryParse(text, out number, out var read) && read == text.Length));
    }

    /// <summary>The same JSON with every such number written without point and exponent, for readers that know no other integers.</summary>
    /// <param name="json">Valid JSON.</param>
    /// <param name="maxDepth">The deepest it nests.</param>
    public static ReadOnlyMemory<byte> Normalize(ReadOnlyMemory<byte> json, int maxDepth)
    {
        var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = maxDepth });
        ArrayBufferWriter<byte>? rewritten = null;
        var copied = 0;
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.Number && Canonical(reader.ValueSpan) is { } number)
            {
                var start = (int)reader.TokenStartIndex;
                rewritten ??= new ArrayBufferWriter<byte>(json.Length);
                rewritten.Write(json.Span[copied..start]);
                rewritten.Write(number);
                copied = start + reader.ValueSpan.Length;
            }
        }

        if (rewritten is null)
        {
            return json;
        }

        rewritten.Write(json.Span[copied..]);
        return rewritten.WrittenMemory;
    }

    /// <summary>The digits of a number that is written with a point or an exponent and has no fraction; null for any other.</summary>
    private static byte[]? Canonical(ReadOnlySpan<byte> number)
    {
        if (number.IndexOfAny("eE."u8) < 0)
        {
            return null;
        }

        var exponentAt = number.IndexOfAny("eE"u8);
        var mantissa = exponentAt < 0 ? number : number[..exponentAt];
        var exponent = 0;
        if (exponentAt >= 0 && (!int.TryParse(number[(exponentAt + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) || exponent is > 1_000_000 or < -1_000_000))
        {
            return null;
        }

        var isNegative = mantissa[0] == '-';
        var pointAt = mantissa.IndexOf((byte)'.');
        var whole = (pointAt < 0 ? mantissa : mantissa[..pointAt])[(isNegative ? 1 : 0)..];
        var fraction = pointAt < 0 ? default : mantissa[(pointAt + 1)..];
        ReadOnlySpan<byte> digits = [.. whole, .. fraction];
        digits = digits.TrimEnd((byte)'0');
        var zeros = exponent + whole.Length - digits.Length;
        digits = digits.TrimStart((byte)'0');
        return digits.IsEmpty ? "0"u8.ToArray()
            : zeros < 0 || digits.Length + (long)zeros > MaxDigits ? null
            : [.. isNegative ? "-"u8 : default, .. digits, .. Enumerable.Repeat((byte)'0', zeros)];
    }
}
