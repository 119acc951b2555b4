namespace Yggdrasil.Load.Measuring;

/// <summary>What was measured after the warm-up.</summary>
/// <param name="Seconds">From the end of the warm-up until the last run had ended, at least the planned duration.</param>
/// <param name="IntervalSeconds">The length of one of <paramref name="Intervals"/>.</param>
/// <param name="Latencies">Of completed runs.</param>
/// <param name="SendDelay">From when a run was due until it was sent: long ones mean that the load did not come about as asked.</param>
/// <param name="NotSent">Arrivals for which there was no room.</param>
/// <param name="Errors">Kind to number.</param>
internal sealed record Measurement(
    double Seconds,
    double IntervalSeconds,
    Latencies Latencies,
    LatencySummary SendDelay,
    long NotSent,
    IReadOnlyList<ScenarioFigures> Scenarios,
    IReadOnlyDictionary<string, long> Errors,
    IReadOnlyList<IntervalFigures> Intervals);

/// <summary>The runs of one scenario. Tokens, calls and cost include those of failed runs.</summary>
internal sealed record ScenarioFigures(
    string Name,
    long Completed,
    long Failed,
    LatencySummary LatencyMs,
    long InputTokens,
    long OutputTokens,
    long ModelCalls,
    long ToolCalls,
    decimal CostUsd);

/// <summary>One interval: rates per second, times in milliseconds; no times where nothing completed.</summary>
/// <param name="Second">When it began, since the end of the warm-up.</param>
internal sealed record IntervalFigures(double Second, double CompletedPerSecond, double FailedPerSecond, double? P50, double? P95, double? P99);
