using System.Buffers;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>
/// Phone numbers: international (<c>+44 20 7946 0958</c>, <c>0044 …</c>) under an assigned country code, and North American
/// in groups of 3, 3 and 4 (<c>(415) 555-0100</c>).
/// </summary>
/// <remarks>
/// Ten digits in one piece are a phone number only behind a label, and groups with nothing but spaces between them only
/// under the numbering plan's rules: identifiers and tables of numbers look the same.
/// </remarks>
internal sealed class PhoneDetector : IDetector
{
    private const int MaxSeparators = 3;
    private const int MinInternational = 8;
    private const int MaxInternational = 15; // E.164
    private const int LabelDistance = 24;
    private const int NorthAmerican = 10;

    private static readonly SearchValues<char> Separators = SearchValues.Create(" ()./-\u00A0\u2009\u202F\u2010\u2011\u2013");
    private static readonly SearchValues<char> DigitsAndSpaces = SearchValues.Create("0123456789 \u00A0\u2009\u202F");

    private static readonly SearchValues<string> Labels = SearchValues.Create(
        ["phone", "tel", "mobile", "cell", "fax", "call", "dial", "sms", "text me", "whatsapp"], StringComparison.OrdinalIgnoreCase);

    public void Scan(ref TextScan scan)
    {
        for (var at = scan.NextDigit(0); at >= 0;)
        {
            var start = scan[at - 1] is '+' or '(' ? at - 1 : at;
            start = scan[start - 1] == '+' && scan[start] == '(' ? start - 1 : start;
            var end = EndOf(ref scan, start);
            if (end > 0)
            {
                scan.Add(FindingKind.Phone, start, end);
            }

            at = scan.NextDigit(end > 0 ? end : scan.EndOfRun(at, Characters.Digits));
        }
    }

    /// <returns>Negative when no phone number begins at <paramref name="start"/>.</returns>
    private static int EndOf(ref TextScan scan, int start)
    {
        if (!scan.StartsWord(start) || (scan[start - 1] is '.' or '/' or '+' or '-' && char.IsAsciiDigit(scan[start - 2])))
        {
            return -1;
        }

        if (scan[start] == '+')
        {
            return EndOfInternational(ref scan, start + 1);
        }

        if (scan[start] != '0')
        {
            return EndOfNorthAmerican(ref scan, start);
        }

        // Without a space or dash somewhere it is as likely a number with zeros before it.
        var end = scan[start + 1] == '0' ? EndOfInternational(ref scan, start + 2) : -1;
        return end > scan.EndOfRun(start, Characters.Digits) ? end : -1;
    }

    private static int EndOfInternational(ref TextScan scan, int start)
    {
        Span<char> digits = stackalloc char[MaxInternational];
        var (count, end, _) = Read(ref scan, start, digits, MinInternational);
        if (count < MinInternational || !IsEnd(ref scan, end))
        {
            return -1;
        }

        return digits[0] == '1' ? EndOfNorthAmerican(ref scan, start, plus: true) : CountryCodes.IsAssigned(digits) ? end : -1;
    }

    private static int EndOfNorthAmerican(ref TextScan scan, int start, bool plus = false)
    {
        Span<char> digits = stackalloc char[NorthAmerican + 1];
        var (count, end, groups) = Read(ref scan, start, digits, NorthAmerican);
        var hasCountryCode = count == NorthAmerican + 1 && digits[0] == '1';
        if ((count != NorthAmerican && !hasCountryCode) || !IsEnd(ref scan, end))
        {
            return -1;
        }

        var number = hasCountryCode ? digits[1..] : digits[..NorthAmerican];
        var isNumber = groups is 334 or 1334 && scan.EndOfRun(start, DigitsAndSpaces) < end
            || (groups is 334 or 1334 or 37 or 137 && FollowsPlan(number))
            || (number[0] >= '2' && (plus ? hasCountryCode : scan.HasBefore(start, LabelDistance, Labels)));
        return isNumber ? end : -1;
    }

    /// <summary>
    /// NPA-NXX-XXXX: both parts begin with 2 to 9 and neither ends in 11; area codes N9X are reserved, 200, 300 and 400 not given.
    /// </summary>
    private static bool FollowsPlan(ReadOnlySpan<char> digits) =>
        digits[0] >= '2' && digits[3] >= '2' && digits[1] != '9' && digits[1..3] is not "11" && digits[4..6] is not "11"
        && digits[..3] is not ("200" or "300" or "400");

    /// <summary>Nothing that makes it part of a longer number or a word, an extension (<c>x12</c>) excepted.</summary>
    private static bool IsEnd(ref TextScan scan, int end) =>
        (scan.EndsWord(end) || (scan[end] is 'x' or 'X' && char.IsAsciiDigit(scan[end + 1])))
        && !(scan[end] is '-' or '.' or '/' && char.IsAsciiDigit(scan[end + 1]));

    /// <summary>Reads groups of digits and what people put between them, as long as the groups fit.</summary>
    /// <param name="complete">From so many digits on a number may be complete, so that a single digit behind it is none of it.</param>
    /// <returns>Digits read, where they end, and the lengths of their groups as the digits of a number: 334.</returns>
    private static (int Count, int End, int Groups) Read(ref TextScan scan, int start, scoped Span<char> digits, int complete)
    {
        var (at, end, count, groups) = (start, start, 0, 0);
        while (true)
        {
            var separators = scan.EndOfRun(at, Separators) - at;
            at += separators;
            var group = scan.EndOfRun(at, Characters.Digits) - at;
            if (separators > MaxSeparators || group == 0 || count + group > digits.Length || (group == 1 && count >= complete))
            {
                return (count, end, groups);
            }

            scan.Slice(at, at + group).CopyTo(digits[count..]);
            (count, groups) = (count + group, (groups * 10) + group);
            at = end = at + group;
        }
    }
}
