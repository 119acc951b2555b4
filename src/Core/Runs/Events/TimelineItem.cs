namespace Yggdrasil.Runs.Events;

internal enum TimelineItemKind
{
    Lasting,
    Text,
    Restarted,
    ToolStarted,

    /// <summary>From here on another driver has the run. Told as a restart to whoever was shown text of before.</summary>
    Epoch,

    /// <summary>Text of a turn long over.</summary>
    Forgotten,
}

/// <param name="Event">Null for what is not told as it is.</param>
internal sealed record TimelineItem(TimelineItemKind Kind, RunEvent? Event)
{
    public static readonly TimelineItem Forgotten = new(TimelineItemKind.Forgotten, Event: null);

    /// <summary>Of the journal entry that it is; of a live one, of the next.</summary>
    public long Sequence { get; init; }

    public int Epoch { get; init; }

    /// <summary>Of text and restarts: the place among the live events of the epoch. Of a call that began: its number in its turn.</summary>
    public long Line { get; init; }

    /// <summary>Of a call that began: the journal says so, so that who comes while it goes on is told.</summary>
    public bool IsRecorded { get; init; }
}
