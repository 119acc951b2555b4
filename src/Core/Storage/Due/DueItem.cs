using System.Globalization;

namespace Yggdrasil.Storage.Due;

/// <summary>What is to be looked at when its day has come.</summary>
internal enum DueKind
{
    /// <summary>Runs of the owner that were started on the item's day, and conversations last active on it: they may have expired.</summary>
    Expiry,

    /// <summary>Blobs of the owner that were written on the item's day: a crash may have left some that no row refers to.</summary>
    Blobs,

    /// <summary>
    /// The same for an owner whose data was deleted while a run was being driven: its driver may have written one more. Nothing of the
    /// owner names this item.
    /// </summary>
    LateBlobs,

    /// <summary>A conversation whose deletion was begun.</summary>
    Conversation,

    /// <summary>A run that was deleted: what a crash has left of it, and at last its tombstone.</summary>
    Tombstone,

    /// <summary>An owner whose data is being deleted.</summary>
    Owner,

    /// <summary>An upload of a batch: it may have broken off, or the batch is being removed.</summary>
    Batch,

    /// <summary>Prompts that were given up, of one partition of operators and one day.</summary>
    Poison,

    /// <summary>
    /// What an owner whose data was deleted had used on that day: it goes once the day is over, unless the owner is active again.
    /// Nothing of the owner names this item.
    /// </summary>
    Quota,

    /// <summary>A run whose start had no answer: storage may have carried it out after its orchestration gave up looking.</summary>
    Start,

    /// <summary>An orchestration whose history could not be purged when its run was removed.</summary>
    Instance,

    /// <summary>An API key that has expired.</summary>
    ApiKey,
}

/// <summary>A row of the Due table.</summary>
/// <param name="LookOn">The day from which on it is due: its partition.</param>
/// <param name="Partition">The owner's partition; empty where the item is not to go with the owner's data.</param>
/// <param name="About">The day, conversation or instance it is about.</param>
internal sealed record DueItem(DateOnly LookOn, DueKind Kind, string Partition, string About)
{
    /// <summary>How many days after a blob was written nobody can be about to refer to it any more.</summary>
    public const int DaysUntilBlobs = 2;

    private const string Format = "yyyy-MM-dd";

    public string Bucket => Text(LookOn);

    public string RowKey => RowKeyOf(Partition, Kind.ToString(), About);

    /// <summary>The day it is about, for expiry and blobs.</summary>
    public DateOnly Day => Parse(About);

    /// <param name="partition">Whose blobs they are.</param>
    /// <param name="day">The day on which the owner's data was deleted.</param>
    public static DueItem ForLateBlobs(string partition, DateOnly day) =>
        new(day.AddDays(DaysUntilBlobs), DueKind.LateBlobs, "", $"{Text(day)}!{partition}");

    /// <param name="partition">Whose quota it is.</param>
    /// <param name="day">The day on which the owner's data was deleted.</param>
    public static DueItem ForQuota(string partition, DateOnly day) => new(day.AddDays(1), DueKind.Quota, "", partition);

    /// <param name="partition">That of the operators who see them.</param>
    /// <param name="enqueuedAt">When the prompts were sent, by the day.</param>
    public static DueItem ForPoison(string partition, DateTimeOffset enqueuedAt, DateOnly lookOn) =>
        new(lookOn, DueKind.Poison, "", $"{Text(DayOf(enqueuedAt))}!{partition}");

    /// <summary>For late blobs and poison: the partition and the day.</summary>
    public (string Partition, DateOnly Day) PartitionDay =>
        (About[(About.IndexOf('!', StringComparison.Ordinal) + 1)..], Parse(About[..About.IndexOf('!', StringComparison.Ordinal)]));

    /// <param name="partition">The owner's; empty where the item is not to go with the owner's data.</param>
    public static string RowKeyOf(string partition, string kind, string about) => $"{partition}!{kind}!{about}";

    public static bool TryParse(string text, out DateOnly day) =>
        DateOnly.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out day);

    public static string Text(DateOnly day) => day.ToString(Format, CultureInfo.InvariantCulture);

    public static DateOnly Parse(string day) => DateOnly.ParseExact(day, Format, CultureInfo.InvariantCulture);

    public static DateOnly DayOf(DateTimeOffset time) => DateOnly.FromDateTime(time.UtcDateTime);

    public static DateOnly DayAfter(DateTimeOffset time) => DayOf(time).AddDays(1);
}
