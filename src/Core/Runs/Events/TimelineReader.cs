namespace Yggdrasil.Runs.Events;

/// <summary>One reader's way through a timeline: everything after its cursor, once, without a gap.</summary>
internal sealed class TimelineReader
{
    private readonly EventTimeline _timeline;
    private readonly string _runId;
    private readonly EventCursor? _after;
    private readonly int _attachedAt;
    private readonly int _liveFrom;
    private int _index;

    /// <summary>The turn and epoch of the text that the reader was shown and that no committed answer has replaced.</summary>
    private (int Turn, int Epoch)? _shown;

    public TimelineReader(EventTimeline timeline, string runId, EventCursor? after)
    {
        (_timeline, _runId, _after) = (timeline, runId, after);
        _shown = after is { Kind: CursorKind.Delta } delta ? (delta.Turn, delta.Epoch) : null;
        lock (timeline.Gate)
        {
            (_attachedAt, _liveFrom) = (timeline.Items.Count, timeline.LiveFrom);
        }
    }

    /// <summary>The first journal entry that is news.</summary>
    private long From => _after?.From ?? 0;

    /// <summary>The next event; null when there is none yet, or none any more.</summary>
    public RunEvent? Next(out bool hasEnded, out Task changed)
    {
        lock (_timeline.Gate)
        {
            changed = _timeline.Changed;
            while (_index < _timeline.Items.Count)
            {
                var item = _timeline.Items[_index];
                var isOld = _index++ < _attachedAt;
                if (Tell(item, isOld) is { } next)
                {
                    hasEnded = false;
                    return next;
                }
            }

            hasEnded = _timeline.HasEnded || _timeline.IsClosed;
            return null;
        }
    }

    private RunEvent? Tell(TimelineItem item, bool isOld)
    {
        switch (item.Kind)
        {
            case TimelineItemKind.Lasting:
                if (item.Event!.Type == RunEventType.ModelCompleted)
                {
                    _shown = null;
                }

                return item.Sequence >= From ? item.Event : null;
            case TimelineItemKind.Text when !IsSeen(item) && !(isOld && _index <= _liveFrom):
                _shown = (item.Event!.Turn, item.Epoch);
                return item.Event;
            case TimelineItemKind.Restarted when !IsSeen(item) && _shown is not null:
                _shown = null;
                return item.Event;
            case TimelineItemKind.ToolStarted when (!isOld || (item.IsRecorded && _timeline.IsInFlight(item))) && item.Sequence >= From && !IsPositionOf(item):
                return item.Event;
            case TimelineItemKind.Epoch when _shown is { } shown && shown.Epoch < item.Epoch:
                _shown = null;
                var cursor = new EventCursor(CursorKind.Restarted, item.Sequence, item.Epoch, shown.Turn);
                return new RunEvent { Id = cursor.ToId(_runId), Type = RunEventType.ModelRestarted, Turn = shown.Turn, Epoch = item.Epoch };
            default:
                return null;
        }
    }

    /// <summary>Whether the cursor stands for this beginning of a call, whoever of its drivers told of it.</summary>
    private bool IsPositionOf(TimelineItem started) =>
        _after is { Kind: CursorKind.ToolStarted } after && after.Turn == started.Event!.Turn && after.Line == started.Line;

    /// <summary>Whether what was said is what the cursor stands for, or before that.</summary>
    private bool IsSeen(TimelineItem item) =>
        item.Sequence < From
        || (_after is { Kind: CursorKind.Delta or CursorKind.Restarted } after && after.Epoch == item.Epoch && item.Line <= after.Line);
}
