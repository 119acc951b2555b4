using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>
/// Azure's credentials that need no label: account keys (64 bytes in Base64) and the signatures of shared access
/// signatures.
/// </summary>
internal sealed class AzureKeyDetector : IDetector
{
    private const string Signature = "sig=";
    private const int MinSignature = 40;
    private const int AccountKey = 86;

    private static readonly SearchValues<char> PercentEncoded = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/%=-_");

    public void Scan(ref TextScan scan)
    {
        ScanAccountKeys(ref scan);
        ScanSignatures(ref scan);
    }

    /// <remarks>An integrity hash (<c>sha512-…</c>) has the same shape and says what it is.</remarks>
    private static void ScanAccountKeys(ref TextScan scan)
    {
        for (var at = scan.Next(0, Padding.Two); at >= 0; at = scan.Next(at + Padding.Two.Length, Padding.Two))
        {
            var start = scan.StartOfRun(at, Characters.Base64);
            if (at - start == AccountKey && !scan.Has(start - 7, "sha512-") && !scan.Has(start - 7, "sha512:") && LooksRandom(scan.Slice(start, at)))
            {
                scan.Add(FindingKind.ApiKey, start, at + Padding.Two.Length);
            }
        }
    }

    private static void ScanSignatures(ref TextScan scan)
    {
        for (var at = scan.Next(0, Signature); at >= 0;)
        {
            var start = at + Signature.Length;
            var end = scan.EndOfRun(start, PercentEncoded);
            if (scan.StartsWord(at) && end - start >= MinSignature && LooksRandom(scan.Slice(start, end)))
            {
                scan.Add(FindingKind.Token, start, end);
            }

            at = scan.Next(end, Signature);
        }
    }

    private static bool LooksRandom(ReadOnlySpan<char> text) =>
        text.ContainsAnyInRange('0', '9') && text.ContainsAnyInRange('A', 'Z') && text.ContainsAnyInRange('a', 'z');
}
