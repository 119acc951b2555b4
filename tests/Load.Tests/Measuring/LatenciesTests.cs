using CsCheck;
using Yggdrasil.Load.Measuring;

namespace Yggdrasil.Load.Tests.Measuring;

public class LatenciesTests
{
    [Fact]
    public void Percentiles_are_those_of_all_values_to_three_digits() =>
        Gen.Double[0.001, 600_000].Array[1, 400].Sample(milliseconds =>
        {
            var latencies = new Latencies();
            foreach (var value in milliseconds)
            {
                latencies.Add(TimeSpan.FromMilliseconds(value));
            }

            Array.Sort(milliseconds);
            foreach (var percentile in (double[])[50, 90, 95, 99])
            {
                // Nearest rank: the smallest value that so many percent of all do not exceed.
                var exact = milliseconds[Math.Max((int)Math.Ceiling(percentile / 100 * milliseconds.Length) - 1, 0)];
                Assert.Equal(exact, latencies.At(percentile), tolerance: (exact * 0.002) + 0.01);
            }
        });

    [Fact]
    public void Without_values_everything_is_zero() => Assert.Equal(new LatencySummary(0, 0, 0, 0, 0, 0, 0, 0), new Latencies().Summary());

    [Fact]
    public void A_time_beyond_an_hour_counts_as_an_hour()
    {
        var latencies = new Latencies();
        latencies.Add(TimeSpan.FromHours(5));
        Assert.Equal(3_600_000, latencies.At(100), tolerance: 3_600);
    }
}
