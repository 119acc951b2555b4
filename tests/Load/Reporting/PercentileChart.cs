using System.Globalization;

namespace Yggdrasil.Load.Reporting;

/// <summary>Latency over percentiles. Each nine takes the same room, so that the tail can be read.</summary>
internal static class PercentileChart
{
    private const double MostNines = 4;

    private static readonly double[] Ticks = [0, 50, 90, 99, 99.9, 99.99];

    public static string Of(IReadOnlyList<PercentilePoint> points)
    {
        var frame = new ChartFrame(points.Max(point => point.Ms), "ms");
        foreach (var tick in Ticks)
        {
            frame.Tick(Share(tick), $"p{tick.ToString(CultureInfo.InvariantCulture)}");
        }

        frame.Plot("c1", points.Where(point => Share(point.Percentile) <= 1).Select(point => (Share(point.Percentile), point.Ms)));
        return frame.ToString();
    }

    private static double Share(double percentile) => percentile >= 100 ? double.PositiveInfinity : -Math.Log10(1 - (percentile / 100)) / MostNines;
}
