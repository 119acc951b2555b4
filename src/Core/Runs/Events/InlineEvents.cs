using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Events;

/// <summary>The timeline of an inline run, which nobody but the request that asked for it reads.</summary>
internal sealed class InlineEvents : ILiveEvents
{
    private readonly Lock _gate = new();
    private long _sequence;

    /// <param name="run">The run as it begins.</param>
    /// <param name="input">The entry that its journal begins with.</param>
    public InlineEvents(Run run, JournalEntry input)
    {
        Timeline = new EventTimeline(run);
        Timeline.Commit([input], run.NextSequence);
    }

    public EventTimeline Timeline { get; }

    /// <summary>Tells of steps that were committed, and of the run's end with them.</summary>
    public void Committed(Run run, IReadOnlyList<JournalEntry> entries)
    {
        Timeline.Commit(entries, run.NextSequence);
        if (run.IsTerminal)
        {
            Timeline.End(run);
        }
    }

    public void Said(int turn, string text) => Push(LiveKind.Text, turn, live => live with { Text = text });

    public void Restarted(int turn) => Push(LiveKind.Restarted, turn, live => live);

    public void ToolStarted(int turn, string callId, string tool) =>
        Push(LiveKind.ToolStarted, turn, live => live with { CallId = callId, Tool = tool });

    private void Push(LiveKind kind, int turn, Func<LiveEvent, LiveEvent> complete)
    {
        // Calls of one turn begin side by side.
        lock (_gate)
        {
            Timeline.Push(complete(new LiveEvent { Epoch = 0, Sequence = ++_sequence, Position = Timeline.NextSequence, Kind = kind, Turn = turn }));
        }
    }
}
