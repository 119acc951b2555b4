using System.Collections.Frozen;

namespace Yggdrasil.Redaction.Detectors;

/// <summary>IBANs (ISO 13616): a registered country, its length, a valid checksum; in one piece or in groups of four.</summary>
internal sealed class IbanDetector : IDetector
{
    private const int GroupLength = 4;

    private static readonly FrozenDictionary<string, int> Lengths = Parse(
        """
        AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18
        FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20
        LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24
        SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30
        """);

    public void Scan(ref TextScan scan)
    {
        for (var digit = scan.NextDigit(0); digit >= 0; digit = scan.NextDigit(scan.EndOfRun(digit, Characters.Digits)))
        {
            // The check digits, third and fourth, are the first digits of every IBAN.
            var start = digit - 2;
            if (start >= 0 && scan.StartsWord(start) && char.IsAsciiLetter(scan[start]) && char.IsAsciiLetter(scan[start + 1])
                && EndOf(ref scan, start) is var end and > 0)
            {
                scan.Add(FindingKind.Iban, start, end);
                digit = end - 1;
            }
        }
    }

    /// <returns>Negative when no IBAN begins at <paramref name="start"/>.</returns>
    private static int EndOf(ref TextScan scan, int start)
    {
        Span<char> country = [char.ToUpperInvariant(scan[start]), char.ToUpperInvariant(scan[start + 1])];
        if (!Lengths.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(country, out var length))
        {
            return -1;
        }

        Span<char> iban = stackalloc char[length];
        var at = start;
        for (var count = 0; count < length; count++)
        {
            if (count > 0 && count % GroupLength == 0 && Characters.IsSpace(scan[at]))
            {
                at++;
            }

            iban[count] = char.ToUpperInvariant(scan[at++]);
            if (!char.IsAsciiLetterOrDigit(iban[count]))
            {
                return -1;
            }
        }

        return scan.EndsWord(at) && HasChecksum(iban) ? at : -1;
    }

    /// <summary>ISO/IEC 7064, MOD 97-10, over the number with its first four characters moved to the end.</summary>
    private static bool HasChecksum(ReadOnlySpan<char> iban)
    {
        var remainder = 0;
        for (var i = 0; i < iban.Length; i++)
        {
            var character = iban[(i + GroupLength) % iban.Length];
            remainder = char.IsAsciiDigit(character)
                ? ((remainder * 10) + (character - '0')) % 97
                : ((remainder * 100) + (character - 'A' + 10)) % 97;
        }

        return remainder == 1;
    }

    private static FrozenDictionary<string, int> Parse(string table) => table
        .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
        .ToFrozenDictionary(entry => entry[..2], entry => int.Parse(entry.AsSpan(2), System.Globalization.CultureInfo.InvariantCulture));
}
