using System.Globalization;

namespace Yggdrasil.Redaction;

/// <summary>What stands for an original that can be put back: <c>[EMAIL_1]</c>, <c>[API_KEY_12]</c>.</summary>
internal readonly record struct Placeholder(FindingKind Kind, int Number)
{
    /// <summary>Characters of the longest one: <c>[PRIVATE_KEY_999999999]</c>.</summary>
    public const int MaxLength = 23;

    private const int MaxDigits = 9;

    // In the order of FindingKind.
    private static readonly string[] Names = ["PRIVATE_KEY", "API_KEY", "TOKEN", "PASSWORD", "CARD", "IBAN", "SSN", "EMAIL", "PHONE"];

    public static string NameOf(FindingKind kind) => Names[(int)kind];

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"[{NameOf(Kind)}_{Number}]");

    /// <summary>Reads the placeholder that <paramref name="text"/> begins with.</summary>
    /// <remarks>Exactly as written by <see cref="ToString"/>: <c>[EMAIL_01]</c> and <c>[email_1]</c> are none.</remarks>
    public static bool TryRead(ReadOnlySpan<char> text, out Placeholder placeholder, out int length)
    {
        (placeholder, length) = (default, 0);
        var end = text[..Math.Min(text.Length, MaxLength)].IndexOf(']');
        if (end < 0 || text[0] != '[')
        {
            return false;
        }

        var inner = text[1..end];
        var underscore = inner.LastIndexOf('_');
        if (underscore < 0 || !IsNumber(inner[(underscore + 1)..]))
        {
            return false;
        }

        var kind = IndexOfName(inner[..underscore]);
        if (kind < 0)
        {
            return false;
        }

        placeholder = new Placeholder((FindingKind)kind, int.Parse(inner[(underscore + 1)..], NumberStyles.None, CultureInfo.InvariantCulture));
        length = end + 1;
        return true;
    }

    /// <summary>Whether more text could make a placeholder of <paramref name="text"/>, which begins with <c>[</c>.</summary>
    public static bool IsBeginning(ReadOnlySpan<char> text)
    {
        if (text.Length >= MaxLength)
        {
            return false;
        }

        var inner = text[1..];
        foreach (var name in Names)
        {
            if (inner.Length <= name.Length ? name.AsSpan().StartsWith(inner, StringComparison.Ordinal) : IsNumbered(inner, name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNumbered(ReadOnlySpan<char> inner, string name) =>
        inner.StartsWith(name, StringComparison.Ordinal) && inner[name.Length] == '_'
        && (inner.Length == name.Length + 1 || IsNumber(inner[(name.Length + 1)..]));

    private static bool IsNumber(ReadOnlySpan<char> digits) =>
        digits.Length is > 0 and <= MaxDigits && digits[0] != '0' && !digits.ContainsAnyExceptInRange('0', '9');

    private static int IndexOfName(ReadOnlySpan<char> name)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (name.SequenceEqual(Names[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
