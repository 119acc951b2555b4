using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>Passwords in URLs: <c>scheme://user:password@host</c>, the user may be missing.</summary>
internal sealed class UrlPasswordDetector : IDetector
{
    private const string SchemeEnd = "://";

    private static readonly SearchValues<char> AuthorityEnd = SearchValues.Create(" \t\r\n/?#\"'`<>\\,;");

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.Next(0, SchemeEnd); at >= 0;)
        {
            var start = at + SchemeEnd.Length;
            var end = scan.EndOfOthers(start, AuthorityEnd);
            var authority = scan.Slice(start, end);

            // The last one: a password may hold another.
            var userInfo = authority.LastIndexOf('@');
            var colon = userInfo < 0 ? -1 : authority[..userInfo].IndexOf(':');
            if (colon >= 0 && userInfo > colon + 1 && char.IsAsciiLetterOrDigit(scan[at - 1]) && !Template.Matches(authority[(colon + 1)..userInfo]))
            {
                scan.Add(FindingKind.Password, start + colon + 1, start + userInfo);
            }

            at = scan.Next(end, SchemeEnd);
        }
    }
}
