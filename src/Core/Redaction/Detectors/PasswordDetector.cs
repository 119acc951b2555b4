using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>Passwords in connection strings and settings (<c>Password=…</c>, <c>Pwd = …</c>) and in JSON (<c>"password": "…"</c>).</summary>
internal sealed class PasswordDetector : IDetector
{
    private const int MaxKey = 32;

    private static readonly string[] Keys = ["password", "passwd", "passphrase", "pwd"];
    private static readonly SearchValues<string> KeySearch = SearchValues.Create(Keys, StringComparison.OrdinalIgnoreCase);
    private static readonly SearchValues<char> Spaces = SearchValues.Create(" \t");
    private static readonly SearchValues<char> End = SearchValues.Create(" \t\r\n;,\"'`<>\\");
    private static readonly SearchValues<char> QueryEnd = SearchValues.Create(" \t\r\n;,\"'`<>\\&#");
    private static readonly SearchValues<char> QuotedEnd = SearchValues.Create("\r\n\"'`\\");

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.Next(0, KeySearch); at >= 0;)
        {
            var key = at;
            var next = at + LengthOfKey(ref scan, at);
            if (ValueOf(ref scan, key, next) is var (start, end))
            {
                next = Math.Max(next, end);
                if (end > start && !Template.Matches(scan.Slice(start, end), isPath: scan.Has(key, "PWD")))
                {
                    scan.Add(FindingKind.Password, start, end);
                }
            }

            at = scan.Next(next, KeySearch);
        }
    }

    private static int LengthOfKey(ref TextScan scan, int at)
    {
        foreach (var key in Keys)
        {
            if (scan.Has(at, key, StringComparison.OrdinalIgnoreCase))
            {
                return key.Length;
            }
        }

        throw new InvalidOperationException("The search found a key that is not among the keys.");
    }

    private static (int Start, int End)? ValueOf(ref TextScan scan, int key, int endOfKey)
    {
        var at = endOfKey;
        var quote = QuoteAt(ref scan, at);
        at = scan.EndOfRun(at + quote, Spaces);

        // A colon is a sign only in JSON: "Password: at least 12 characters" is prose.
        var isSign = scan[at] == '=' ? scan[at + 1] is not ('=' or '>' or '~') : scan[at] == ':' && quote > 0;
        if (!isSign)
        {
            return null;
        }

        var isJson = scan[at] == ':';
        at = scan.EndOfRun(at + 1, Spaces);
        if (QuoteAt(ref scan, at) is var opening and > 0)
        {
            var start = at + opening;
            return (start, EndOfQuoted(ref scan, start, scan[start - 1]));
        }

        return isJson ? null : (at, EndOfBare(ref scan, at, isQuery: scan[key - 1] is '?' or '&'));
    }

    /// <summary>The length of the quote there, 2 when it is escaped; 0 for none.</summary>
    private static int QuoteAt(ref TextScan scan, int at) =>
        scan[at] is '"' or '\'' or '`' ? 1 : scan[at] == '\\' && scan[at + 1] is '"' or '\'' ? 2 : 0;

    /// <summary>Up to the same quote, or to the end of the line where there is none.</summary>
    private static int EndOfQuoted(ref TextScan scan, int start, char quote)
    {
        for (var at = scan.EndOfOthers(start, QuotedEnd); ; at = scan.EndOfOthers(at, QuotedEnd))
        {
            var isOther = scan[at] is '"' or '\'' or '`' && scan[at] != quote;
            if (!isOther && !(scan[at] == '\\' && scan[at + 1] != quote))
            {
                return at;
            }

            at++;
        }
    }

    private static int EndOfBare(ref TextScan scan, int start, bool isQuery)
    {
        var end = scan.EndOfOthers(start, isQuery ? QueryEnd : End);

        // As in StackExchange.Redis' "host:6380,password=…,ssl=True"; any other comma may belong to the password.
        while (scan[end] == ',' && !BeginsSetting(ref scan, end + 1))
        {
            end = scan.EndOfOthers(end + 1, isQuery ? QueryEnd : End);
        }

        return start + WithoutClosing(scan.Slice(start, end)).Length;
    }

    /// <summary>Less what ends the sentence, or closes a bracket that was opened before it.</summary>
    private static ReadOnlySpan<char> WithoutClosing(ReadOnlySpan<char> value)
    {
        var (round, square) = (value.Contains('('), value.Contains('['));
        while (value is [.., var last] && (last is '.' or ',' || (last == ')' && !round) || (last == ']' && !square)))
        {
            value = value[..^1];
        }

        return value;
    }

    private static bool BeginsSetting(ref TextScan scan, int start)
    {
        var text = scan.Slice(start, Math.Min(scan.Length, start + MaxKey));
        var length = text.IndexOfAnyExcept(Characters.WithUnderscore);
        return length > 0 && text[length] == '=';
    }
}
