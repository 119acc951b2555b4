using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>JSON web tokens (RFC 7519) and what follows <c>Bearer</c> (RFC 6750) where it can be no word.</summary>
internal sealed class TokenDetector : IDetector
{
    // {" in Base64: every JOSE header begins so.
    private const string JoseHeader = "eyJ";
    private const int MinHeader = 12;
    private const int MinPart = 4;
    private const int SignedParts = 3;
    private const int EncryptedParts = 5;
    private const int MinBearer = 8;
    private const int MinWithoutDigit = 24;

    private static readonly SearchValues<string> Bearer = SearchValues.Create(["bearer "], StringComparison.OrdinalIgnoreCase);

    public void Scan(ref TextScan scan)
    {
        ScanJsonWebTokens(ref scan);
        ScanBearerTokens(ref scan);
    }

    private static void ScanJsonWebTokens(ref TextScan scan)
    {
        for (var at = scan.Next(0, JoseHeader); at >= 0;)
        {
            var end = scan.EndOfRun(at, Characters.Base64Url);
            var isHeader = scan.StartsWord(at) && end - at >= MinHeader;
            var (parts, last) = ReadParts(ref scan, end);
            if (isHeader && parts >= SignedParts)
            {
                scan.Add(FindingKind.Token, at, last);
            }

            at = scan.Next(last, JoseHeader);
        }
    }

    /// <summary>How many parts a token has whose header ends at <paramref name="end"/>, and where it ends.</summary>
    private static (int Parts, int End) ReadParts(ref TextScan scan, int end)
    {
        var parts = 1;
        while (parts < EncryptedParts && scan[end] == '.')
        {
            var next = scan.EndOfRun(end + 1, Characters.Base64Url);

            // Only a signature may be missing: the token is not secured then, but says of its bearer what it says.
            if (next - end - 1 < MinPart && parts != SignedParts - 1)
            {
                break;
            }

            (parts, end) = (parts + 1, next);
        }

        return (parts, end);
    }

    private static void ScanBearerTokens(ref TextScan scan)
    {
        for (var at = scan.Next(0, Bearer); at >= 0;)
        {
            var start = at + "bearer ".Length;
            var end = scan.EndOfRun(start, Characters.SecretText);
            var token = scan.Slice(start, end).TrimEnd('.');
            if (scan.StartsWord(at) && LooksSecret(token))
            {
                scan.Add(FindingKind.Token, start, Padding.EndOf(ref scan, start + token.Length));
            }

            at = scan.Next(end, Bearer);
        }
    }

    private static bool LooksSecret(ReadOnlySpan<char> token) =>
        token.Length >= MinWithoutDigit || (token.Length >= MinBearer && token.ContainsAnyInRange('0', '9'));
}
