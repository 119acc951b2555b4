namespace Yggdrasil.Operations.Reprotection;

/// <summary>How content is moved to the newest key. Section <c>Reprotection</c>.</summary>
public sealed class ReprotectionOptions
{
    public const string Section = "Reprotection";

    /// <summary>Hours between scans that find nothing, while previous keys are configured; 1 to 720. Default 24.</summary>
    public int Hours { get; set; } = 24;

    /// <summary>Rows one run of the timer looks at before it leaves the rest to the next; 1 to 1,000,000.</summary>
    public int RowsPerRun { get; set; } = 50_000;

    internal TimeSpan Interval => TimeSpan.FromHours(Hours);

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (Hours is < 1 or > 720)
        {
            yield return "Reprotection__Hours must be between 1 and 720.";
        }

        if (RowsPerRun is < 1 or > 1_000_000)
        {
            yield return "Reprotection__RowsPerRun must be between 1 and 1000000.";
        }
    }
}
