using System.Globalization;

namespace Yggdrasil.Load.Reporting;

/// <summary>Values over the time of the measurement.</summary>
internal static class TimeChart
{
    private const int Ticks = 6;

    /// <param name="seconds">When each interval began.</param>
    /// <param name="interval">Its length, in seconds.</param>
    public static string Of(IReadOnlyList<double> seconds, double interval, string unit, IReadOnlyList<Series> series)
    {
        var frame = new ChartFrame(series.SelectMany(one => one.Values).Max() ?? 0, unit);
        var last = Math.Max(seconds.Count == 0 ? 0 : seconds[^1], interval);
        for (var tick = 0; tick <= Ticks; tick++)
        {
            frame.Tick((double)tick / Ticks, (last * tick / Ticks).ToString("0", CultureInfo.InvariantCulture) + (tick == Ticks ? " s" : ""));
        }

        foreach (var (index, one) in series.Index())
        {
            frame.Plot(one.Style, seconds.Zip(one.Values).SelectMany(point =>
                point.Second is { } value ? [(point.First / last, value)] : Array.Empty<(double, double)>()));
            frame.Key(index, one.Style, one.Name);
        }

        return frame.ToString();
    }
}

/// <summary>One line of a chart.</summary>
/// <param name="Style">Its class in the style sheet.</param>
/// <param name="Values">Null where nothing was measured.</param>
internal sealed record Series(string Name, string Style, IReadOnlyList<double?> Values);
