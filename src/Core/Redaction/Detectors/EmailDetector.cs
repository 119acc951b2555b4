using System.Buffers;
using System.Collections.Frozen;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>E-mail addresses: the dot-atom form of RFC 5322 as people use it, Latin letters with accents included.</summary>
internal sealed class EmailDetector : IDetector
{
    private const int MaxLocalPart = 64;
    private const int MaxDomain = 253;
    private const int MaxLabel = 63;

    // U+00C0 to U+024F are Latin letters. Other scripts are left out: a Chinese sentence may run into an address.
    private static readonly string Latin = string.Concat(
        Enumerable.Range(0xC0, 0x250 - 0xC0).Where(code => code is not (0xD7 or 0xF7)).Select(code => (char)code));

    private static readonly string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + Latin;
    private static readonly SearchValues<char> LocalPart = SearchValues.Create(Letters + "._%+-'");
    private static readonly SearchValues<char> Domain = SearchValues.Create(Letters + ".-");
    private static readonly SearchValues<char> UserInfoEnd = SearchValues.Create(" \t\r\n@/\"'<>");

    // Ends of file names such as icon@2x.png, none of which is a top-level domain.
    private static readonly FrozenSet<string> FileTypes = new[]
    {
        "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "css", "js", "json", "html", "htm", "xml", "yaml", "yml", "pdf", "txt", "dll", "exe", "tgz",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.Next(0, '@'); at >= 0; at = scan.Next(at + 1, '@'))
        {
            var start = StartOfLocalPart(ref scan, at);
            if (start >= at || at - start > MaxLocalPart)
            {
                continue;
            }

            var end = EndOfDomain(ref scan, at + 1);
            if (end > 0 && !IsUrlPassword(ref scan, start))
            {
                scan.Add(FindingKind.Email, start, end);
            }
        }
    }

    private static int StartOfLocalPart(ref TextScan scan, int at)
    {
        var start = scan.StartOfRun(at, LocalPart);
        if (scan[start - 1] == '\\' && scan[start] is 'n' or 'r' or 't')
        {
            start++;
        }

        while (start < at && scan[start] is '.' or '\'' or '-' or '%')
        {
            start++;
        }

        return scan[at - 1] == '.' ? at : start;
    }

    /// <returns>Negative when no domain begins at <paramref name="start"/>.</returns>
    private static int EndOfDomain(ref TextScan scan, int start)
    {
        var run = scan.Slice(start, scan.EndOfRun(start, Domain));
        var doubled = run.IndexOf("..", StringComparison.Ordinal);
        run = (doubled < 0 ? run : run[..doubled]).TrimEnd(".-");
        if (run.Length > MaxDomain || run.StartsWith('.'))
        {
            return -1;
        }

        // What follows a full stop may not belong to the address: "see a@example.com.Then …" has no such ending.
        while (run.LastIndexOf('.') is var dot and > 0)
        {
            if (IsTopLevel(run[(dot + 1)..]))
            {
                return HasLabels(run[..dot]) ? start + run.Length : -1;
            }

            run = run[..dot];
        }

        return -1;
    }

    private static bool IsTopLevel(ReadOnlySpan<char> label)
    {
        if (label.StartsWith("xn--", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        foreach (var character in label)
        {
            if (!char.IsLetter(character))
            {
                return false;
            }
        }

        return label.Length is >= 2 and <= MaxLabel && !FileTypes.GetAlternateLookup<ReadOnlySpan<char>>().Contains(label);
    }

    private static bool HasLabels(ReadOnlySpan<char> labels)
    {
        foreach (var range in labels.Split('.'))
        {
            if (labels[range] is not { Length: > 0 and <= MaxLabel } label || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>In <c>scheme://user:password@host</c> it is the password, which <see cref="UrlPasswordDetector"/> finds.</summary>
    private static bool IsUrlPassword(ref TextScan scan, int start)
    {
        var authority = scan.StartOfOthers(start, UserInfoEnd);
        return scan.Has(authority - 3, "://") && scan.Slice(authority, start).Contains(':');
    }
}
