namespace Yggdrasil.Soak;

/// <summary>How long runs took, from the request to the end that the caller saw.</summary>
internal sealed record Percentiles(TimeSpan P50, TimeSpan P95, TimeSpan Max)
{
    public static Percentiles Of(IReadOnlyList<SeenRun> runs)
    {
        var sorted = runs.Select(run => run.Duration).Order().ToList();
        TimeSpan At(double share) => sorted.Count == 0 ? TimeSpan.Zero : sorted[(int)Math.Ceiling((sorted.Count - 1) * share)];
        return new(At(0.5), At(0.95), At(1));
    }

    public override string ToString() =>
        FormattableString.Invariant($"p50 {P50.TotalSeconds:0.000} s, p95 {P95.TotalSeconds:0.000} s, longest {Max.TotalSeconds:0.000} s");
}
