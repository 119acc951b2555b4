namespace Yggdrasil.Redaction.Detectors;

/// <summary>
/// Payment cards: a number range that some network issues, of a length that it issues, with a valid check digit (Luhn);
/// in one piece, or in the groups that are printed on cards.
/// </summary>
/// <remarks>The check digit alone lets every tenth order number through; the ranges keep out most of those.</remarks>
internal sealed class CardDetector : IDetector
{
    private const int MinDigits = 12;
    private const int MaxDigits = 19;

    // First and last leading digits, shortest and longest number.
    private static readonly (int First, int Last, int Min, int Max)[] Ranges =
    [
        (4000, 4999, 13, 13), (4000, 4999, 16, 16), (4000, 4999, 19, 19), // Visa
        (5100, 5599, 16, 16), (2221, 2720, 16, 16), // Mastercard
        (3400, 3499, 15, 15), (3700, 3799, 15, 15), // American Express
        (3000, 3059, 14, 19), (3095, 3095, 14, 19), (3600, 3699, 14, 19), (3800, 3999, 14, 19), // Diners Club
        (6000, 6099, 16, 19), (6440, 6599, 16, 19), (8100, 8299, 16, 19), // Discover, RuPay
        (6200, 6299, 16, 19), // UnionPay
        (3528, 3589, 16, 19), // JCB
        (2200, 2204, 16, 19), // Mir
        (5018, 5020, 12, 19), (5038, 5038, 12, 19), (5060, 5089, 16, 19), (5893, 5893, 12, 19), // Maestro, Dankort, Verve
        (6304, 6304, 12, 19), (6390, 6390, 12, 19), (6703, 6703, 12, 19), (6759, 6763, 12, 19), // Maestro
    ];

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.NextDigit(0); at >= 0;)
        {
            var groups = DigitGroups.Read(ref scan, at);
            var end = groups.EndOf(CountOf(groups));
            if (end > at && DigitGroups.StandsAlone(ref scan, at, end) && IsCard(scan.Slice(at, end)))
            {
                scan.Add(FindingKind.Card, at, end);
                at = scan.NextDigit(end);
            }
            else
            {
                at = scan.NextDigit(groups.EndOf(1));
            }
        }
    }

    /// <summary>How many of the groups are one card's; 0 for none.</summary>
    private static int CountOf(DigitGroups groups)
    {
        if (groups[0] is >= MinDigits and <= MaxDigits)
        {
            return 1;
        }

        if (groups.BeginWith(4, 4, 4, 4))
        {
            return groups.BeginWith(4, 4, 4, 4, 3) && groups.Separator == '-' ? 5 : 4;
        }

        return groups.BeginWith(4, 6, 5) || groups.BeginWith(4, 6, 4) ? 3 : 0;
    }

    private static bool IsCard(ReadOnlySpan<char> text)
    {
        Span<int> digits = stackalloc int[MaxDigits];
        var count = 0;
        foreach (var character in text)
        {
            if (char.IsAsciiDigit(character))
            {
                digits[count++] = character - '0';
            }
        }

        digits = digits[..count];
        return IsIssued(digits) && HasCheckDigit(digits);
    }

    private static bool IsIssued(ReadOnlySpan<int> digits)
    {
        var leading = (digits[0] * 1000) + (digits[1] * 100) + (digits[2] * 10) + digits[3];
        foreach (var (first, last, min, max) in Ranges)
        {
            if (leading >= first && leading <= last && digits.Length >= min && digits.Length <= max)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>ISO/IEC 7812-1, annex B.</summary>
    private static bool HasCheckDigit(ReadOnlySpan<int> digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var doubled = (digits.Length - i) % 2 == 0 ? digits[i] * 2 : digits[i];
            sum += doubled > 9 ? doubled - 9 : doubled;
        }

        return sum % 10 == 0;
    }
}
