using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>PEM private keys (RFC 7468), also OpenPGP's, also cut off before their footer, also within JSON strings.</summary>
internal sealed class PrivateKeyDetector : IDetector
{
    private const string Header = "-----BEGIN ";
    private const string Footer = "-----END ";
    private const string Dashes = "-----";
    private const int MaxLabel = 40;

    // What a body and its headers are made of; a backslash because line ends may be written \n.
    private static readonly SearchValues<char> Body = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\\,:-. \t\r\n");

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.Next(0, Header); at >= 0;)
        {
            var body = EndOfHeader(ref scan, at + Header.Length);
            if (body < 0)
            {
                at = scan.Next(at + Header.Length, Header);
                continue;
            }

            var end = EndOfKey(ref scan, body);
            scan.Add(FindingKind.PrivateKey, at, end);
            at = scan.Next(end, Header);
        }
    }

    /// <returns>Negative when the label is not a private key's.</returns>
    private static int EndOfHeader(ref TextScan scan, int label)
    {
        var text = scan.Slice(label, Math.Min(scan.Length, label + MaxLabel));
        var length = text.IndexOf(Dashes, StringComparison.Ordinal);
        return length >= 0 && text[..length].Contains("PRIVATE KEY", StringComparison.Ordinal) ? label + length + Dashes.Length : -1;
    }

    private static int EndOfKey(ref TextScan scan, int body)
    {
        // Up to the next dashes, whatever they are: a search for the footer alone would go over all that follows, once for
        // each header that has none.
        var dashes = scan.Next(body, Dashes);
        if (dashes >= 0 && scan.Has(dashes, Footer))
        {
            var label = dashes + Footer.Length;
            var closing = scan.Slice(label, Math.Min(scan.Length, label + MaxLabel)).IndexOf(Dashes, StringComparison.Ordinal);
            return closing < 0 ? label : label + closing + Dashes.Length;
        }

        var cut = scan.Slice(body, dashes < 0 ? scan.Length : dashes);
        var length = cut.IndexOfAnyExcept(Body);
        return body + (length < 0 ? cut.Length : length);
    }
}
