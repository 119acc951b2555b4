namespace Yggdrasil.Runs.Approvals;

/// <summary>How long humans may take to decide. Section <c>Approvals</c>.</summary>
public sealed class ApprovalOptions
{
    public const string Section = "Approvals";

    private const double MostMinutes = 7 * 24 * 60;

    /// <summary>
    /// Minutes, fractions allowed, until a call that nobody decided about expires; more than 0 and at most 10,080 (a
    /// week). A run's own deadline comes first.
    /// </summary>
    public double ExpireMinutes { get; set; } = 24 * 60;

    internal TimeSpan Expiry => TimeSpan.FromMinutes(ExpireMinutes);

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (!(ExpireMinutes is > 0 and <= MostMinutes))
        {
            yield return $"Approvals__ExpireMinutes must be more than 0 and at most {MostMinutes:0}.";
        }
    }
}
