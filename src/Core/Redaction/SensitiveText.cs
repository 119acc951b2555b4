using System.Collections.Frozen;
using System.Text;
using Yggdrasil.Redaction.Detectors;

namespace Yggdrasil.Redaction;

/// <summary>Finds personal data and credentials in text, and masks them.</summary>
public static class SensitiveText
{
    internal static readonly IReadOnlyList<IDetector> Detectors =
    [
        new PrivateKeyDetector(), new ApiKeyDetector(), new AzureKeyDetector(), new LabelledSecretDetector(), new TokenDetector(),
        new PasswordDetector(), new UrlPasswordDetector(), new CardDetector(), new IbanDetector(), new SsnDetector(), new EmailDetector(), new PhoneDetector(),
    ];

    private static readonly FrozenDictionary<FindingKind, string> Masks =
        Enum.GetValues<FindingKind>().ToFrozenDictionary(kind => kind, kind => $"[{Placeholder.NameOf(kind)}_REDACTED]");

    /// <summary>The findings, in order and apart from each other; empty for most texts.</summary>
    public static IReadOnlyList<Finding> Find(ReadOnlySpan<char> text) => Collect(text) is { } found ? Resolve(found) : [];

    /// <summary>The text with every finding replaced by a placeholder such as <c>[EMAIL_REDACTED]</c>.</summary>
    /// <returns>The very same string when nothing was found.</returns>
    public static string Mask(string text) => Replace(text, Find(text), (kind, _) => MaskOf(kind));

    internal static string MaskOf(FindingKind kind) => Masks[kind];

    /// <summary>What all detectors found, as they found it.</summary>
    internal static List<Finding>? Collect(ReadOnlySpan<char> text)
    {
        var scan = new TextScan(text);
        foreach (var detector in Detectors)
        {
            detector.Scan(ref scan);
        }

        return scan.Findings;
    }

    /// <summary>
    /// Makes overlapping findings one that covers them all, so that no found character remains. Its kind is that of the
    /// longest; of equally long ones the earliest; of those the first of <see cref="FindingKind"/>.
    /// </summary>
    internal static IReadOnlyList<Finding> Resolve(List<Finding> findings)
    {
        findings.Sort((left, right) => left.Start.CompareTo(right.Start));
        List<Finding> resolved = [];
        var best = findings[0];
        var (start, end) = (best.Start, best.End);
        foreach (var finding in findings.Skip(1))
        {
            if (finding.Start < end)
            {
                end = Math.Max(end, finding.End);
                best = IsBetter(finding, best) ? finding : best;
                continue;
            }

            resolved.Add(new Finding(best.Kind, start, end - start));
            (best, start, end) = (finding, finding.Start, finding.End);
        }

        resolved.Add(new Finding(best.Kind, start, end - start));
        return resolved;
    }

    /// <param name="replacement">What takes the place of a finding, given its kind and characters.</param>
    internal static string Replace(string text, IReadOnlyList<Finding> findings, Func<FindingKind, string, string> replacement)
    {
        if (findings.Count == 0)
        {
            return text;
        }

        var replaced = new StringBuilder(text.Length);
        var copied = 0;
        foreach (var finding in findings)
        {
            replaced.Append(text, copied, finding.Start - copied);
            replaced.Append(replacement(finding.Kind, text.Substring(finding.Start, finding.Length)));
            copied = finding.End;
        }

        return replaced.Append(text, copied, text.Length - copied).ToString();
    }

    private static bool IsBetter(Finding candidate, Finding best)
    {
        if (candidate.Length != best.Length)
        {
            return candidate.Length > best.Length;
        }

        return candidate.Start != best.Start ? candidate.Start < best.Start : candidate.Kind < best.Kind;
    }
}
