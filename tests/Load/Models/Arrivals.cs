namespace Yggdrasil.Load.Models;

/// <summary>When runs are due in the open model.</summary>
internal static class Arrivals
{
    /// <summary>Independent users: the gaps are exponentially distributed (a Poisson process).</summary>
    /// <param name="perSecond">The mean rate.</param>
    public static IEnumerable<TimeSpan> Poisson(double perSecond, Random random)
    {
        var seconds = 0.0;
        while (true)
        {
            // 1 - x lies in (0, 1]: the logarithm of 0 is none.
            seconds += -Math.Log(1 - random.NextDouble()) / perSecond;
            yield return TimeSpan.FromSeconds(seconds);
        }
    }

    /// <summary>Equal gaps, from the start on.</summary>
    public static IEnumerable<TimeSpan> Constant(double perSecond)
    {
        for (var number = 0L; ; number++)
        {
            yield return TimeSpan.FromSeconds(number / perSecond);
        }
    }
}
