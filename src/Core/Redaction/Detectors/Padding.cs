namespace Yggdrasil.Redaction.Detectors;

/// <summary>The <c>=</c> and <c>==</c> that end Base64.</summary>
internal static class Padding
{
    public const string Two = "==";

    public static int EndOf(ref TextScan scan, int end) => scan.Has(end, Two) ? end + 2 : scan.Has(end, "=") ? end + 1 : end;
}
