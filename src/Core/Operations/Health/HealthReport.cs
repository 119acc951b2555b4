namespace Yggdrasil.Operations.Health;

/// <summary>The state of a dependency or of the app, the worst last.</summary>
public enum HealthStatus
{
    Healthy,

    /// <summary>Something fails that callers can do without, or that only some of them need.</summary>
    Degraded,

    /// <summary>Something fails that everybody needs.</summary>
    Unhealthy,
}

/// <summary>One dependency, when it was last looked at.</summary>
/// <param name="Detail">In words for operators: names, states and counts.</param>
public sealed record HealthCheck(string Name, HealthStatus Status, double DurationMs, string Detail, DateTimeOffset CheckedAt);

/// <summary>All dependencies at one time.</summary>
public sealed record HealthReport(DateTimeOffset CheckedAt, IReadOnlyList<HealthCheck> Checks)
{
    public HealthStatus Status => Checks.Count == 0 ? HealthStatus.Healthy : Checks.Max(check => check.Status);
}
