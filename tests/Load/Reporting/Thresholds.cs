using System.Globalization;

namespace Yggdrasil.Load.Reporting;

/// <summary>What must hold for the load test to pass. Null asks for nothing.</summary>
/// <param name="P95Ms">The 95th percentile may be at most so many milliseconds.</param>
/// <param name="P99Ms">Likewise the 99th.</param>
/// <param name="ErrorPercent">At most so many runs in a hundred may fail.</param>
/// <param name="Throughput">So many runs per second must complete at least.</param>
internal sealed record Thresholds(double? P95Ms = null, double? P99Ms = null, double? ErrorPercent = null, double? Throughput = null)
{
    public IReadOnlyList<Verdict> Judge(Totals totals) =>
    [
        .. AtMost("p95", P95Ms, totals.LatencyMs.P95, "ms", totals.Completed),
        .. AtMost("p99", P99Ms, totals.LatencyMs.P99, "ms", totals.Completed),
        .. AtMost("failed runs", ErrorPercent, totals.ErrorPercent, "%", totals.Completed + totals.Failed),
        .. Throughput is { } least
            ? [new Verdict("throughput", $"≥ {Text(least)}/s", $"{Text(totals.RunsPerSecond)}/s", totals.RunsPerSecond >= least)]
            : Array.Empty<Verdict>(),
    ];

    /// <summary>Nothing measured passes nothing: a host that answers no run at all has no slow ones.</summary>
    private static IEnumerable<Verdict> AtMost(string what, double? most, double measured, string unit, long samples) =>
        most is { } limit ? [new Verdict(what, $"≤ {Text(limit)} {unit}", $"{Text(measured)} {unit}", samples > 0 && measured <= limit)] : [];

    private static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}

/// <summary>Whether one threshold held.</summary>
internal sealed record Verdict(string What, string Asked, string Measured, bool Held);
