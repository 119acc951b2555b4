namespace Yggdrasil.Storage.Due;

/// <summary>How long ended runs and inactive conversations are kept. Section <c>Retention</c>.</summary>
public sealed class RetentionOptions
{
    public const string Section = "Retention";

    /// <summary>The most days that can be asked for: ten years.</summary>
    public const int MaxDays = 3650;

    /// <summary>
    /// Days from a run's end, or the last activity of its conversation, until it is removed with all it holds; 0 to 3650. 0
    /// keeps it for ever. Agents may say otherwise.
    /// </summary>
    public int Days { get; set; } = 90;

    /// <summary>Seconds one run of the timer works at most before it leaves the rest to the next; 1 to 1200.</summary>
    public int SecondsPerRun { get; set; } = 240;

    internal TimeSpan Budget => TimeSpan.FromSeconds(SecondsPerRun);

    /// <summary>The first day on which something is to be removed; null when it is kept for ever.</summary>
    /// <param name="days">What its agent says.</param>
    internal DateOnly? ExpiryOf(DateTimeOffset lastActive, int? days) =>
        (days ?? Days) is > 0 and var kept ? DueItem.DayOf(lastActive).AddDays(kept + 1) : null;

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (Days is < 0 or > MaxDays)
        {
            yield return $"Retention__Days must be between 0 and {MaxDays}.";
        }

        if (SecondsPerRun is < 1 or > 1200)
        {
            yield return "Retention__SecondsPerRun must be between 1 and 1200.";
        }
    }
}
