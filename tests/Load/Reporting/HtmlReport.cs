using System.Globalization;
using System.Net;
using System.Text;

namespace Yggdrasil.Load.Reporting;

/// <summary>The report as one HTML page that needs nothing else: no script, no style sheet, no network.</summary>
internal static class HtmlReport
{
    public static string Of(LoadReport report)
    {
        var body = new StringBuilder();
        Heading(body, report);
        Tiles(body, report.Totals);
        Notes(body, report);
        Charts(body, report);
        Scenarios(body, report);
        Errors(body, report);
        Plan(body, report.Plan);
        return $"""
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Load test of {Text(report.Plan.BaseUrl)}</title>
            <style>{ReportStyle.Css}</style>
            </head>
            <body>
            <main>
            {body}
            </main>
            </body>
            </html>
            """;
    }

    private static void Heading(StringBuilder body, LoadReport report)
    {
        var verdict = report.Thresholds.Count == 0 ? "" : report.Passed ? "<span class=\"badge good\">passed</span>" : "<span class=\"badge bad\">missed</span>";
        Add(body, $"<h1>Load test {verdict}</h1>");
        Add(body, $"<p class=\"sub\">{Text(report.Plan.BaseUrl)} · agent {Text(report.Plan.Agent)} · {report.StartedAt:yyyy-MM-dd HH:mm} UTC · {ModelOf(report.Plan)}</p>");
    }

    private static string ModelOf(LoadPlan plan) => plan.Rate is { } rate
        ? string.Create(CultureInfo.InvariantCulture, $"open model, {rate:0.##} runs/s due, at most {plan.Users} in flight")
        : string.Create(CultureInfo.InvariantCulture, $"closed model, {plan.Users} users");

    private static void Tiles(StringBuilder body, Totals totals)
    {
        body.Append("<section class=\"tiles\">");
        Tile(body, "completed", $"{totals.RunsPerSecond:0.#}", "runs/s", $"{totals.Completed:N0} in {totals.Seconds:0.#} s");
        Tile(body, "failed", $"{totals.ErrorPercent:0.##}", "%", $"{totals.Failed:N0} runs");
        Tile(body, "p50", $"{totals.LatencyMs.P50:0.#}", "ms", $"mean {totals.LatencyMs.Mean:0.#} ms");
        Tile(body, "p95", $"{totals.LatencyMs.P95:0.#}", "ms", $"p90 {totals.LatencyMs.P90:0.#} ms");
        Tile(body, "p99", $"{totals.LatencyMs.P99:0.#}", "ms", $"max {totals.LatencyMs.Max:0.#} ms");
        Tile(body, "tokens", $"{totals.TokensPerSecond:N0}", "/s", $"{totals.InputTokens:N0} in, {totals.OutputTokens:N0} out");
        Tile(body, "cost", $"{totals.CostUsd:0.####}", "$", $"{totals.ModelCalls:N0} model calls, {totals.ToolCalls:N0} tool calls");
        body.AppendLine("</section>");
    }

    private static void Tile(StringBuilder body, string name, FormattableString value, string unit, FormattableString more) => Add(
        body,
        $"<div class=\"tile\"><span>{name}</span><strong>{Invariant(value)} <small>{unit}</small></strong><em>{Invariant(more)}</em></div>");

    private static void Notes(StringBuilder body, LoadReport report)
    {
        foreach (var warning in report.Warnings)
        {
            Add(body, $"<p class=\"warning\">{Text(warning)}</p>");
        }

        if (report.Thresholds.Count > 0)
        {
            body.Append("<h2>Thresholds</h2><table><tr><th>what</th><th>asked</th><th>measured</th><th></th></tr>");
            foreach (var verdict in report.Thresholds)
            {
                Add(body, $"<tr><td>{verdict.What}</td><td class=\"n\">{verdict.Asked}</td><td class=\"n\">{verdict.Measured}</td><td class=\"{(verdict.Held ? "good" : "bad")}\">{(verdict.Held ? "held" : "missed")}</td></tr>");
            }

            body.AppendLine("</table>");
        }
    }

    private static void Charts(StringBuilder body, LoadReport report)
    {
        var seconds = report.Intervals.Select(interval => interval.Second).ToList();
        body.AppendLine("<h2>Runs per second</h2>");
        body.AppendLine(TimeChart.Of(seconds, report.IntervalSeconds, "/s",
        [
            new Series("completed", "c1", [.. report.Intervals.Select(interval => interval.CompletedPerSecond)]),
            new Series("failed", "c4", [.. report.Intervals.Select(interval => interval.FailedPerSecond)]),
        ]));
        body.AppendLine("<h2>Latency</h2>");
        body.AppendLine(TimeChart.Of(seconds, report.IntervalSeconds, "ms",
        [
            new Series("p50", "c1", [.. report.Intervals.Select(interval => interval.P50)]),
            new Series("p95", "c2", [.. report.Intervals.Select(interval => interval.P95)]),
            new Series("p99", "c3", [.. report.Intervals.Select(interval => interval.P99)]),
        ]));
        body.AppendLine("<h2>Latency by percentile</h2>");
        body.AppendLine(PercentileChart.Of(report.Percentiles));
    }

    private static void Scenarios(StringBuilder body, LoadReport report)
    {
        body.Append("<h2>Scenarios</h2><table><tr><th>scenario</th><th>completed</th><th>failed</th><th>p50 ms</th><th>p95 ms</th><th>p99 ms</th><th>max ms</th><th>tokens in</th><th>tokens out</th><th>model calls</th><th>tool calls</th><th>cost $</th></tr>");
        foreach (var scenario in report.Scenarios)
        {
            var latency = scenario.LatencyMs;
            Add(body, $"<tr><td>{scenario.Name}</td><td class=\"n\">{scenario.Completed:N0}</td><td class=\"n\">{scenario.Failed:N0}</td><td class=\"n\">{latency.P50:0.#}</td><td class=\"n\">{latency.P95:0.#}</td><td class=\"n\">{latency.P99:0.#}</td><td class=\"n\">{latency.Max:0.#}</td><td class=\"n\">{scenario.InputTokens:N0}</td><td class=\"n\">{scenario.OutputTokens:N0}</td><td class=\"n\">{scenario.ModelCalls:N0}</td><td class=\"n\">{scenario.ToolCalls:N0}</td><td class=\"n\">{scenario.CostUsd:0.####}</td></tr>");
        }

        body.AppendLine("</table>");
    }

    private static void Errors(StringBuilder body, LoadReport report)
    {
        body.Append("<h2>Errors</h2>");
        if (report.Errors.Count == 0)
        {
            body.AppendLine("<p>None.</p>");
            return;
        }

        body.Append("<table><tr><th>kind</th><th>runs</th></tr>");
        foreach (var (kind, count) in report.Errors.OrderByDescending(error => error.Value))
        {
            Add(body, $"<tr><td>{Text(kind)}</td><td class=\"n\">{count:N0}</td></tr>");
        }

        body.AppendLine("</table>");
    }

    private static void Plan(StringBuilder body, LoadPlan plan) => Add(
        body,
        $"""
        <h2>Method</h2>
        <p>{ModelOf(plan)}; mix {Text(plan.Mix)}; {plan.Duration.TotalSeconds:0} s measured after {plan.WarmUp.TotalSeconds:0} s of warm-up; conversations of {plan.Turns} turns;
        {plan.Think.TotalSeconds:0.##} s of thinking; a run fails after {plan.Timeout.TotalSeconds:0} s; seed {plan.Seed}.
        Latency is that of completed runs, from when a run was due until its caller had the result; percentiles are of all of them, to three digits.</p>
        """);

    private static void Add(StringBuilder body, FormattableString markup) => body.AppendLine(Invariant(markup));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static string Text(object text) => WebUtility.HtmlEncode(text.ToString()!);
}
