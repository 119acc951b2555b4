namespace Yggdrasil.Runs.Model;

/// <summary>How runs are driven. Section <c>Runs</c>.</summary>
public sealed class RunOptions
{
    public const string Section = "Runs";

    /// <summary>Seconds a slice may begin new steps; 1 to 600. Far below the host's function timeout.</summary>
    public int SliceSeconds { get; set; } = 60;

    /// <summary>
    /// Seconds a driver may hold a run without renewing; 3 to 300. A crashed run resumes when they have passed; clocks of
    /// instances may differ by a third of it.
    /// </summary>
    public int LeaseSeconds { get; set; } = 30;

    /// <summary>A fault to inject in tests: drivers never renew, as if storage had not answered them.</summary>
    internal bool LoseLeaseRenewals { get; set; }

    internal TimeSpan Slice => TimeSpan.FromSeconds(SliceSeconds);

    internal TimeSpan Lease => TimeSpan.FromSeconds(LeaseSeconds);

    /// <summary>How often a lease is renewed. Several attempts fit before <see cref="LeaseMargin"/>.</summary>
    internal TimeSpan LeaseRenewal => Lease / 6;

    /// <summary>How long before its lease ends a driver that could not renew it stops.</summary>
    internal TimeSpan LeaseMargin => Lease / 3;

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (SliceSeconds is < 1 or > 600)
        {
            yield return "Runs__SliceSeconds must be between 1 and 600.";
        }

        if (LeaseSeconds is < 3 or > 300)
        {
            yield return "Runs__LeaseSeconds must be between 3 and 300.";
        }
    }
}
