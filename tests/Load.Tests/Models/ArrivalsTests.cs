using Yggdrasil.Load.Models;

namespace Yggdrasil.Load.Tests.Models;

public class ArrivalsTests
{
    [Fact]
    public void Constant_arrivals_have_equal_gaps_that_do_not_drift() =>
        Assert.Equal(TimeSpan.FromSeconds(3000), Arrivals.Constant(3).ElementAt(9000));

    [Fact]
    public void Poisson_arrivals_have_the_rate_and_the_spread_of_independent_users()
    {
        var gaps = Arrivals.Poisson(50, new Random(7)).Take(20_001).ToList() is var times
            ? times.Zip(times.Skip(1), (one, next) => (next - one).TotalSeconds).ToList()
            : [];
        var mean = gaps.Average();
        var deviation = Math.Sqrt(gaps.Average(gap => Math.Pow(gap - mean, 2)));

        Assert.Equal(0.02, mean, tolerance: 0.001);
        // Of an exponential distribution the deviation is the mean.
        Assert.Equal(mean, deviation, tolerance: 0.001);
        Assert.All(gaps, gap => Assert.True(gap >= 0));
    }
}
