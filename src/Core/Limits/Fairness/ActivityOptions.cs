using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Limits.Fairness;

/// <summary>How many activities one instance of the app executes at a time, and how users share them. Section <c>Activities</c>.</summary>
/// <remarks>
/// Slices of runs and batches, distributed tool calls and deliveries of callbacks are activities of the host, which hands them out
/// first come, first served (<c>maxConcurrentActivityFunctions</c> in host.json). Each takes a slot here, given out fairly by user;
/// one that finds none gives its activity back and is called when there is a slot.
/// </remarks>
public sealed class ActivityOptions
{
    public const string Section = "Activities";

    /// <summary>
    /// Activities that one instance works on at a time; 2 to 1,000. At most four fifths of the host's
    /// <c>maxConcurrentActivityFunctions</c>: the rest is for those that find no slot and say so.
    /// </summary>
    public int AtOnce { get; set; } = 80;

    /// <summary>
    /// Activities of one user that an instance works on at a time; 1 to 999, less than <see cref="AtOnce"/>. A user gets no more than
    /// there are free either, so several users that take what they can leave something to the next one.
    /// </summary>
    public int PerOwner { get; set; } = 40;

    /// <summary>
    /// Activities of an instance that may wait for one provider's answers or slots; 1 to 999, less than <see cref="AtOnce"/>. So a
    /// provider that hangs leaves the others theirs.
    /// </summary>
    public int PerProvider { get; set; } = 40;

    /// <summary>The problems of these settings, by full setting name.</summary>
    public IEnumerable<string> Problems()
    {
        if (AtOnce is < 2 or > 1000)
        {
            yield return $"{Section}__{nameof(AtOnce)} must be between 2 and 1000.";
        }

        foreach (var (name, value) in new[] { (nameof(PerOwner), PerOwner), (nameof(PerProvider), PerProvider) })
        {
            if (value is < 1 or > 999)
            {
                yield return $"{Section}__{name} must be between 1 and 999.";
            }
            else if (value >= AtOnce)
            {
                yield return $"{Section}__{name} ({value}) must be less than {Section}__{nameof(AtOnce)} ({AtOnce}): nothing would be left for others.";
            }
        }
    }

    /// <summary>Compares these settings with the host's.</summary>
    /// <param name="hostActivities">The host's <c>maxConcurrentActivityFunctions</c>; null where it is not known.</param>
    /// <exception cref="InvalidSettingsException">They do not fit.</exception>
    internal void RequireFit(int? hostActivities)
    {
        if (hostActivities is { } most && AtOnce > most * 4 / 5)
        {
            throw new InvalidSettingsException(
                [$"{Section}__{nameof(AtOnce)} ({AtOnce}) must be at most four fifths of {HostActivities.Setting} ({most}) in host.json."]);
        }
    }
}
