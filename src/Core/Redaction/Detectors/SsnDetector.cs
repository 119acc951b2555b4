using System.Buffers;
using System.Globalization;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>
/// US social security numbers in ranges that are issued. Written with dashes they are known by their shape; with spaces
/// or in one piece only behind a label, because any table of numbers holds such groups.
/// </summary>
internal sealed class SsnDetector : IDetector
{
    private const int LabelDistance = 40;

    private static readonly SearchValues<string> Labels = SearchValues.Create(
        ["ssn", "social security", "social sec", "social-security", "social_security", "socialsecurity", "soc sec"], StringComparison.OrdinalIgnoreCase);

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.NextDigit(0); at >= 0;)
        {
            var groups = DigitGroups.Read(ref scan, at);
            var end = EndOf(groups);
            if (end > at && DigitGroups.StandsAlone(ref scan, at, end) && IsIssued(scan.Slice(at, end))
                && (groups.Separator == '-' || scan.HasBefore(at, LabelDistance, Labels)))
            {
                scan.Add(FindingKind.Ssn, at, end);
                at = scan.NextDigit(end);
            }
            else
            {
                at = scan.NextDigit(groups.EndOf(1));
            }
        }
    }

    private static int EndOf(DigitGroups groups) =>
        groups.BeginWith(9) ? groups.EndOf(1) : groups.BeginWith(3, 2, 4) ? groups.EndOf(3) : -1;

    /// <summary>No area 000, 666 or 900 to 999, no group 00, no serial 0000 (20 CFR 422, SSA's randomisation of 2011).</summary>
    private static bool IsIssued(ReadOnlySpan<char> text)
    {
        var area = Number(text[..3]);
        var group = Number(text.Length == 9 ? text[3..5] : text[4..6]);
        return area is > 0 and < 900 and not 666 && group != 0 && Number(text[^4..]) != 0;
    }

    private static int Number(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
}
