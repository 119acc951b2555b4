using HdrHistogram;

namespace Yggdrasil.Load.Measuring;

/// <summary>Times from a microsecond to an hour, each kept to the given number of significant digits, in constant memory.</summary>
internal sealed class Latencies(int digits = 3)
{
    private static readonly long Longest = (long)TimeSpan.FromHours(1).TotalMicroseconds;

    private readonly LongHistogram _histogram = new(1, Longest, digits);

    public void Add(TimeSpan latency) => _histogram.RecordValue(Math.Clamp((long)latency.TotalMicroseconds, 1, Longest));

    public long Count => _histogram.TotalCount;

    /// <summary>
    /// The smallest value that so many percent of all do not exceed, in milliseconds; 0 without any. (The histogram's own
    /// rounds the rank, which may name the second largest of twelve values their 95th percentile.)
    /// </summary>
    public double At(double percentile)
    {
        var rank = Math.Max((long)Math.Ceiling(percentile / 100 * Count), 1);
        return Count == 0 ? 0 : Milliseconds(_histogram.RecordedValues().First(value => value.TotalCountToThisValue >= rank).ValueIteratedTo);
    }

    public LatencySummary Summary() => Count == 0
        ? new LatencySummary(0, 0, 0, 0, 0, 0, 0, 0)
        : new LatencySummary(
            At(0),
            Milliseconds((long)_histogram.GetMean()),
            At(50),
            At(90),
            At(95),
            At(99),
            At(99.9),
            Milliseconds(_histogram.GetMaxValue()));

    private static double Milliseconds(long microseconds) => Math.Round(microseconds / 1000.0, 2);
}

/// <summary>Milliseconds.</summary>
internal sealed record LatencySummary(double Min, double Mean, double P50, double P90, double P95, double P99, double P999, double Max);
