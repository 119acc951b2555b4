using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Xunit.Abstractions;
using Yggdrasil.Redaction;

namespace Yggdrasil.Tests.Security.Redaction;

/// <summary>Holds docs/security-redaction.md to what the detectors do.</summary>
public sealed partial class CorpusTests(ITestOutputHelper output)
{
    public static TheoryData<FindingKind> Kinds => [.. Enum.GetValues<FindingKind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Precision_and_recall_are_at_least_what_is_published(FindingKind kind)
    {
        var published = Published(kind);
        var positives = Corpus.Cases.Where(item => item.Kind == kind && item.IsPositive).ToList();
        var negatives = Corpus.Cases.Count(item => item.Kind == kind && !item.IsPositive);
        var expected = positives.Sum(item => item.Expected.Count);

        // Over the whole corpus: what another kind's case sets off by mistake counts too.
        var found = Corpus.Cases.SelectMany(item => SensitiveText.Find(item.Text).Where(finding => finding.Kind == kind)
            .Select(finding => (item, finding, isRight: item.Expected.Contains(finding)))).ToList();
        var right = found.Count(hit => hit.isRight);
        foreach (var (item, finding, _) in found.Where(hit => !hit.isRight))
        {
            output.WriteLine($"false alarm: {item.Text.Substring(finding.Start, finding.Length)} in {item.Text}");
        }

        foreach (var item in positives.Where(item => item.Expected.Except(SensitiveText.Find(item.Text)).Any()))
        {
            output.WriteLine($"missed: {item.Text}");
        }

        Assert.Equal((published.Positives, published.Negatives), (positives.Count, negatives));
        var precision = 100.0 * right / found.Count;
        var recall = 100.0 * right / expected;
        Assert.True(precision >= published.Precision - 0.05, $"{kind}: precision {precision:0.0} %, published {published.Precision:0.0} %");
        Assert.True(recall >= published.Recall - 0.05, $"{kind}: recall {recall:0.0} %, published {published.Recall:0.0} %");
    }

    [Fact]
    public void Corpus_has_300_positive_and_300_negative_cases_that_differ()
    {
        Assert.True(Corpus.Cases.Count(item => item.IsPositive) >= 300);
        Assert.True(Corpus.Cases.Count(item => !item.IsPositive) >= 300);
        Assert.Equal(Corpus.Cases.Count, Corpus.Cases.Select(item => item.Text).Distinct().Count());
    }

    private static (int Positives, int Negatives, double Precision, double Recall) Published(FindingKind kind)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("security-redaction.md")!;
        using var reader = new StreamReader(stream);
        var row = Rows().Matches(reader.ReadToEnd()).Single(match => match.Groups["kind"].Value == Placeholder.NameOf(kind));
        return (
            int.Parse(row.Groups["positives"].Value, CultureInfo.InvariantCulture),
            int.Parse(row.Groups["negatives"].Value, CultureInfo.InvariantCulture),
            double.Parse(row.Groups["precision"].Value, CultureInfo.InvariantCulture),
            double.Parse(row.Groups["recall"].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"^\| `(?<kind>[A-Z_]+)` \| (?<positives>\d+) \| (?<negatives>\d+) \| (?<precision>[\d.]+) % \| (?<recall>[\d.]+) % \|", RegexOptions.Multiline)]
    private static partial Regex Rows();
}
