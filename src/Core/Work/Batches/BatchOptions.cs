namespace Yggdrasil.Work.Batches;

/// <summary>How batches are driven. Section <c>Batches</c>.</summary>
/// <remarks>
/// Each instance of the app has slots in which it runs items. A slot that becomes free goes to the owner who has had least of
/// them, measured by weight: so ten items are not held back by ten thousand of somebody else. Limits of users and of providers
/// hold for items as for all runs.
/// </remarks>
public sealed class BatchOptions
{
    public const string Section = "Batches";

    /// <summary>Items that one instance of the app runs at a time, of all batches together; 1 to 1,000.</summary>
    public int Concurrency { get; set; } = 32;

    /// <summary>Items of one batch that are run at a time; 1 to 1,000.</summary>
    public int ItemsAtOnce { get; set; } = 16;

    /// <summary>Seconds for which one slice of a batch begins new items; 1 to 600. Far below the host's function timeout.</summary>
    public int SliceSeconds { get; set; } = 120;

    /// <summary>
    /// How much more than others a user gets of the slots, by user id; 1 to 100, and 1 for whom it does not name.
    /// </summary>
    public Dictionary<string, int> Weights { get; } = new(StringComparer.OrdinalIgnoreCase);

    internal TimeSpan Slice => TimeSpan.FromSeconds(SliceSeconds);

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, value) in new[] { (nameof(Concurrency), Concurrency), (nameof(ItemsAtOnce), ItemsAtOnce) })
        {
            if (value is < 1 or > 1000)
            {
                yield return $"{Section}__{name} must be between 1 and 1000.";
            }
        }

        if (SliceSeconds is < 1 or > 600)
        {
            yield return $"{Section}__SliceSeconds must be between 1 and 600.";
        }

        foreach (var (user, weight) in Weights)
        {
            if (weight is < 1 or > 100)
            {
                yield return $"{Section}__Weights__{user} must be between 1 and 100.";
            }
        }
    }
}
