namespace Yggdrasil.Runs.Model;

/// <summary>What the journals of a driver and of an activity do alike with entries to be committed.</summary>
internal static class JournalEntries
{
    public static List<JournalEntry> Numbered(this IEnumerable<JournalEntry> entries, long first) =>
        [.. entries.Select((entry, index) => entry with { Sequence = first + index })];

    /// <summary>
    /// Whether an attempt to commit these did land although its answer was lost: they are there, and they are ours, begun
    /// at the very same time.
    /// </summary>
    public static bool AreAmong(this IReadOnlyList<JournalEntry> entries, IReadOnlyList<JournalEntry> found) =>
        entries.Count > 0 && entries.All(entry => found.Any(other =>
            other.Kind == entry.Kind && other.CallId == entry.CallId && other.Turn == entry.Turn && other.StartedAt == entry.StartedAt));
}
