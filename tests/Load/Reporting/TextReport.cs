using System.Globalization;
using System.Text;

namespace Yggdrasil.Load.Reporting;

/// <summary>The report in a terminal.</summary>
internal static class TextReport
{
    public static string Of(LoadReport report)
    {
        var text = new StringBuilder();
        var totals = report.Totals;
        Line($"{totals.Completed} runs completed, {totals.Failed} failed ({totals.ErrorPercent:0.##} %) in {totals.Seconds:0.#} s: {totals.RunsPerSecond:0.##}/s");
        Line($"latency ms: p50 {totals.LatencyMs.P50:0.#}, p95 {totals.LatencyMs.P95:0.#}, p99 {totals.LatencyMs.P99:0.#}, max {totals.LatencyMs.Max:0.#}");
        Line($"tokens: {totals.InputTokens} in, {totals.OutputTokens} out ({totals.TokensPerSecond:0}/s); cost: ${totals.CostUsd:0.####}");
        foreach (var scenario in report.Scenarios)
        {
            Line($"  {scenario.Name,-13} {scenario.Completed,7} ok {scenario.Failed,6} failed   p50 {scenario.LatencyMs.P50,8:0.#}   p95 {scenario.LatencyMs.P95,8:0.#}   p99 {scenario.LatencyMs.P99,8:0.#}");
        }

        foreach (var (kind, count) in report.Errors.OrderByDescending(error => error.Value))
        {
            Line($"  error: {count} × {kind}");
        }

        foreach (var verdict in report.Thresholds)
        {
            Line($"{(verdict.Held ? "held" : "MISSED")}: {verdict.What} {verdict.Asked}, measured {verdict.Measured}");
        }

        foreach (var warning in report.Warnings)
        {
            Line($"warning: {warning}");
        }

        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }
}
