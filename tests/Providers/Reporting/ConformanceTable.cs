using System.Globalization;
using System.Text;

namespace Yggdrasil.Conformance.Reporting;

/// <summary>The results as a Markdown table, to be read here and sent to the project.</summary>
internal static class ConformanceTable
{
    public static string Write(string model, DateOnly date, IReadOnlyList<CheckResult> results)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"`{model}`, {date:yyyy-MM-dd}: {results.Count(result => result.Held)} of {results.Count} held.");
        text.AppendLine();
        text.AppendLine("| check | what the product needs | whole | streamed | ms | tokens in/out | note |");
        text.AppendLine("|---|---|---|---|---|---|---|");
        foreach (var result in results)
        {
            text.AppendLine(Row(result));
        }

        return text.ToString();
    }

    private static string Row(CheckResult result)
    {
        List<CheckOutcome> outcomes = result.Whole is { } whole ? [whole, result.Streamed] : [result.Streamed];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {result.Check.Name} | {result.Check.Needs} | {Mark(result.Whole)} | {Mark(result.Streamed)} | {outcomes.Sum(outcome => outcome.Duration.TotalMilliseconds):0} | {outcomes.Sum(outcome => outcome.InputTokens)}/{outcomes.Sum(outcome => outcome.OutputTokens)} | {Notes(outcomes)} |");
    }

    public static string Mark(CheckOutcome? outcome) => outcome switch
    {
        null => "–",
        { Held: true } => "yes",
        _ => "**no**",
    };

    private static string Notes(IEnumerable<CheckOutcome> outcomes) => string.Join("; ", outcomes
        .Select(outcome => outcome.Note)
        .OfType<string>()
        .Distinct()
        .Select(note => note.ReplaceLineEndings(" ").Replace("|", "\\|", StringComparison.Ordinal)));
}
