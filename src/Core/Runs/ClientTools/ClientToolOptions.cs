namespace Yggdrasil.Runs.ClientTools;

/// <summary>How long callers may take to answer the calls of their tools. Section <c>ClientTools</c>.</summary>
public sealed class ClientToolOptions
{
    public const string Section = "ClientTools";

    private const double MostMinutes = 7 * 24 * 60;

    /// <summary>
    /// Minutes, fractions allowed, until a call that its caller did not answer fails and the run goes on; more than 0 and at most
    /// 10,080 (a week). A run's own deadline comes first.
    /// </summary>
    public double ExpireMinutes { get; set; } = 60;

    internal TimeSpan Expiry => TimeSpan.FromMinutes(ExpireMinutes);

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (!(ExpireMinutes is > 0 and <= MostMinutes))
        {
            yield return $"ClientTools__ExpireMinutes must be more than 0 and at most {MostMinutes:0}.";
        }
    }
}
