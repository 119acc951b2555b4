using Yggdrasil.Load.Measuring;
using Yggdrasil.Load.Reporting;

namespace Yggdrasil.Load.Tests.Reporting;

public class ThresholdsTests
{
    [Theory]
    [InlineData(400.0, null, null, null, true)]
    [InlineData(399.0, null, null, null, false)]
    [InlineData(null, 900.0, null, null, true)]
    [InlineData(null, 899.0, null, null, false)]
    [InlineData(null, null, 10.0, null, true)]
    [InlineData(null, null, 9.0, null, false)]
    [InlineData(null, null, null, 9.0, true)]
    [InlineData(null, null, null, 9.1, false)]
    public void A_threshold_holds_up_to_its_value(double? p95, double? p99, double? errors, double? throughput, bool held)
    {
        var verdict = Assert.Single(new Thresholds(p95, p99, errors, throughput).Judge(Totals(completed: 90, failed: 10)));
        Assert.Equal(held, verdict.Held);
    }

    [Fact]
    public void A_host_that_completes_nothing_passes_no_limit_on_latency() =>
        Assert.All(new Thresholds(P95Ms: 1000, P99Ms: 1000).Judge(Totals(completed: 0, failed: 10)), verdict => Assert.False(verdict.Held));

    [Fact]
    public void Without_thresholds_there_is_nothing_to_judge() => Assert.Empty(new Thresholds().Judge(Totals(1, 1)));

    private static Totals Totals(long completed, long failed)
    {
        var latency = completed == 0 ? new LatencySummary(0, 0, 0, 0, 0, 0, 0, 0) : new LatencySummary(1, 2, 100, 300, 400, 900, 950, 1000);
        return new Totals(10, completed, failed, 100.0 * failed / (completed + failed), completed / 10.0, latency, latency, 0, 0, 0, 0, 0, 0);
    }
}
