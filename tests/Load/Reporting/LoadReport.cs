using Yggdrasil.Load.Measuring;

namespace Yggdrasil.Load.Reporting;

/// <summary>The outcome of a load test, as JSON has it and the HTML page shows it. Times are milliseconds.</summary>
internal sealed record LoadReport(
    DateTimeOffset StartedAt,
    LoadPlan Plan,
    Totals Totals,
    IReadOnlyList<ScenarioFigures> Scenarios,
    IReadOnlyDictionary<string, long> Errors,
    IReadOnlyList<PercentilePoint> Percentiles,
    double IntervalSeconds,
    IReadOnlyList<IntervalFigures> Intervals,
    IReadOnlyList<Verdict> Thresholds,
    IReadOnlyList<string> Warnings)
{
    // What a reader doubts first. A generator that is late by this much has not made the load that was asked for.
    private const double LateMs = 50;

    private static readonly double[] Shown = [0, 10, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.99, 100];

    public bool Passed => Thresholds.All(verdict => verdict.Held);

    public static LoadReport Of(DateTimeOffset startedAt, LoadPlan plan, Measurement measurement)
    {
        var totals = Totals.Of(measurement);
        return new LoadReport(
            startedAt,
            plan,
            totals,
            measurement.Scenarios,
            measurement.Errors,
            [.. Shown.Select(percentile => new PercentilePoint(percentile, measurement.Latencies.At(percentile)))],
            measurement.IntervalSeconds,
            measurement.Intervals,
            plan.Thresholds.Judge(totals),
            [.. WarningsOf(plan, measurement, totals)]);
    }

    private static IEnumerable<string> WarningsOf(LoadPlan plan, Measurement measurement, Totals totals)
    {
        if (totals.Completed + totals.Failed == 0)
        {
            yield return "Nothing was measured: the load ended before the warm-up did.";
        }

        if (measurement.NotSent > 0)
        {
            yield return $"{measurement.NotSent} runs that were due were never sent: all {plan.Users} places were taken until the end. "
                + "They count as failed. The host cannot keep up with this rate, or --users is too low for it.";
        }
        else if (measurement.SendDelay.P99 > LateMs)
        {
            yield return $"One run in a hundred was sent more than {measurement.SendDelay.P99:0} ms after it was due. Its time counts from when it was due. "
                + "If the host was not overloaded, --users is too low, or this machine is too busy to make the load.";
        }

        if (totals.Completed is > 0 and < 1000 && plan.Thresholds.P99Ms is not null)
        {
            yield return $"The 99th percentile of {totals.Completed} runs rests on fewer than ten of them: measure longer.";
        }
    }
}

/// <summary>All scenarios together.</summary>
/// <param name="Seconds">What rates are relative to.</param>
/// <param name="LatencyMs">Of completed runs.</param>
internal sealed record Totals(
    double Seconds,
    long Completed,
    long Failed,
    double ErrorPercent,
    double RunsPerSecond,
    LatencySummary LatencyMs,
    LatencySummary SendDelayMs,
    long InputTokens,
    long OutputTokens,
    double TokensPerSecond,
    long ModelCalls,
    long ToolCalls,
    decimal CostUsd)
{
    public static Totals Of(Measurement measurement)
    {
        var completed = measurement.Scenarios.Sum(scenario => scenario.Completed);
        var failed = measurement.Scenarios.Sum(scenario => scenario.Failed);
        var tokensIn = measurement.Scenarios.Sum(scenario => scenario.InputTokens);
        var tokensOut = measurement.Scenarios.Sum(scenario => scenario.OutputTokens);
        return new Totals(
            Math.Round(measurement.Seconds, 2),
            completed,
            failed,
            completed + failed == 0 ? 0 : Math.Round(100.0 * failed / (completed + failed), 3),
            PerSecond(completed, measurement.Seconds),
            measurement.Latencies.Summary(),
            measurement.SendDelay,
            tokensIn,
            tokensOut,
            PerSecond(tokensIn + tokensOut, measurement.Seconds),
            measurement.Scenarios.Sum(scenario => scenario.ModelCalls),
            measurement.Scenarios.Sum(scenario => scenario.ToolCalls),
            measurement.Scenarios.Sum(scenario => scenario.CostUsd));
    }

    private static double PerSecond(long count, double seconds) => seconds > 0 ? Math.Round(count / seconds, 2) : 0;
}

internal sealed record PercentilePoint(double Percentile, double Ms);
