using System.Globalization;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Delegation;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Events;

/// <summary>A run's events in the order in which they became known here: committed steps for good, and between them what is live.</summary>
/// <remarks>
/// <code>
///   started · text · text · [epoch] · text · text · model completed · tool started · tool completed · … · ended
///            └─ void ──────────┘     └ of the answer that was committed ┘
/// </code>
/// Committed steps depend on the journal alone, so every timeline of a run, on any instance, at any time, has the same. A live
/// event is put in when the steps before it are there, and left out when the step that it was part of is. Another epoch
/// voids the text of the turn in flight, committed or not: whoever had it may not commit any more.
/// </remarks>
internal sealed class EventTimeline(Run run)
{
    private readonly Lock _gate = new();
    private readonly List<TimelineItem> _items = [];
    private readonly List<LiveEvent> _held = [];
    private readonly Dictionary<string, FunctionCallContent> _calls = new(StringComparer.Ordinal);
    private readonly HashSet<string> _begunCalls = new(StringComparer.Ordinal);
    private readonly HashSet<string> _answeredCalls = new(StringComparer.Ordinal);
    private List<int> _textOfTurn = [];
    private List<int> _textBefore = [];
    private int _committedTurn;
    private long _lastSequence;
    private IReadOnlyList<ChatMessage>? _input;
    private TaskCompletionSource _changed = New();

    /// <summary>The sequence number of the first journal entry that is not known here.</summary>
    public long NextSequence { get; private set; }

    /// <summary>The newest epoch that is known here.</summary>
    public int Epoch { get; private set; }

    /// <summary>The run's end is in it: nothing comes any more.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>It is not kept up any more, although the run may go on.</summary>
    public bool IsClosed { get; private set; }

    internal Lock Gate => _gate;

    internal IReadOnlyList<TimelineItem> Items => _items;

    /// <summary>The first item of which, being live, a new reader is told.</summary>
    internal int LiveFrom { get; private set; }

    /// <summary>Completes with the next change. To be taken before looking.</summary>
    internal Task Changed => _changed.Task;

    /// <summary>Adds what was committed.</summary>
    /// <param name="entries">From <see cref="NextSequence"/> on, in order.</param>
    public void Commit(IReadOnlyList<JournalEntry> entries, long nextSequence)
    {
        lock (_gate)
        {
            // A run's own input counts, or else that of the run it took up.
            _input = JournalEntry.InputOf(entries) is { } input && (_input is null || entries.Any(entry => entry is { Kind: EntryKind.Input, Inherited: false }))
                ? input
                : _input;
            foreach (var entry in entries)
            {
                // What was said before the entry is told before it, however late the entry is read.
                NextSequence = entry.Sequence;
                AcceptHeld();
                Add(entry);
            }

            NextSequence = nextSequence;
            AcceptHeld();
            Tell();
        }
    }

    /// <returns>Whether the epoch is a newer one.</returns>
    public bool Advance(int epoch)
    {
        lock (_gate)
        {
            if (epoch <= Epoch)
            {
                return false;
            }

            AddEpoch(epoch);
            Tell();
            return true;
        }
    }

    /// <summary>Adds a live event, now or when the steps before it are known. One that is known already, or void, is left out.</summary>
    public void Push(LiveEvent live)
    {
        lock (_gate)
        {
            Accept([live]);
            Tell();
        }
    }

    /// <summary>Adds the end of the run; its journal is known to its end.</summary>
    public void End(Run ended)
    {
        lock (_gate)
        {
            if (HasEnded)
            {
                return;
            }

            AddLasting(NextSequence, new RunEvent { Id = "", Type = RunEventType.RunEnded, Run = ended with { Input = _input } });
            HasEnded = true;
            Tell();
        }
    }

    /// <summary>Sends its readers away; those whose run goes on come back.</summary>
    public void Close()
    {
        lock (_gate)
        {
            IsClosed = true;
            Tell();
        }
    }

    /// <summary>Whether a call that began has no result yet, and the run has not ended without one.</summary>
    internal bool IsInFlight(TimelineItem started) => !HasEnded && !_answeredCalls.Contains(started.Event!.CallId!);

    private void Add(JournalEntry entry)
    {
        switch (entry.Kind)
        {
            case EntryKind.Input when entry.Sequence > 0:
                // What a fork was asked in place of what came next in the run it took up.
                break;
            case EntryKind.Input:
                AddLasting(entry.Sequence, new RunEvent { Id = "", Type = RunEventType.RunStarted, Run = run });
                break;
            case EntryKind.Model when entry is { Status: StepStatus.Cancelled, Messages.Count: 0 } or { Status: StepStatus.Failed, InputTokens: null }:
                // A call that was given up, or that nobody took: nothing was said, or is said again.
                break;
            case EntryKind.Model:
                // Another run's epochs say nothing about this one's drivers.
                if (!entry.Inherited && entry.Epoch > Epoch)
                {
                    AddEpoch(entry.Epoch);
                }

                AddLasting(entry.Sequence, new RunEvent { Id = "", Type = RunEventType.ModelCompleted, Turn = entry.Turn, Epoch = entry.Epoch, Entry = entry });
                AddCalls(entry);
                break;
            case EntryKind.Intent:
                AddBegun(entry.Turn, entry.CallId!, entry.Name!, entry.ChildRun, entry.Sequence, entry.Epoch, isRecorded: true);
                break;
            case EntryKind.Tool:
                _begunCalls.Add(entry.CallId!);
                _answeredCalls.Add(entry.CallId!);
                AddLasting(entry.Sequence, OfCall(RunEventType.ToolCompleted, entry));
                break;
            case EntryKind.ApprovalRequested:
                AddLasting(entry.Sequence, OfCall(RunEventType.ApprovalRequired, entry) with { Approval = AskedBy(entry) });
                break;
            case EntryKind.ToolAwaited:
                AddLasting(entry.Sequence, OfCall(RunEventType.ToolAwaited, entry) with { Approval = AskedBy(entry) });
                break;
            case EntryKind.ApprovalDecided:
                AddLasting(entry.Sequence, OfCall(RunEventType.ApprovalDecided, entry));
                break;
            case EntryKind.Summary or EntryKind.Repair or EntryKind.Unknown:
                break;
            default:
                throw new InvalidOperationException($"The journal holds an entry of unknown kind {entry.Kind}.");
        }
    }

    private RunEvent OfCall(RunEventType type, JournalEntry entry) => new()
    {
        Id = "",
        Type = type,
        Turn = entry.Turn,
        CallId = entry.CallId,
        Tool = _calls.GetValueOrDefault(entry.CallId!)?.Name,
        Entry = entry,
    };

    private PendingApproval? AskedBy(JournalEntry entry) => _calls.GetValueOrDefault(entry.CallId!) is { } call
        ? PendingApproval.Of(run, new PendingCall(entry.CallId!, entry.Turn, call, Intent: null), entry.ExpiresAt ?? default)
        : null;

    private void AddCalls(JournalEntry answer)
    {
        _committedTurn = answer.Turn;
        foreach (var (index, call) in answer.ToolCalls().Index())
        {
            _calls[Ids.ToolCall(answer.Turn, index)] = call;
        }

        LiveFrom = _items.Count;

        // The text of an answer is in it. A reader who is behind by no more than a turn is told it all the same.
        _textBefore.ForEach(index => _items[index] = TimelineItem.Forgotten);
        (_textBefore, _textOfTurn) = (_textOfTurn, []);
    }

    private void AddLasting(long sequence, RunEvent what)
    {
        var id = new EventCursor(CursorKind.Lasting, sequence).ToId(run.Id);
        _items.Add(new TimelineItem(TimelineItemKind.Lasting, what with { Id = id }) { Sequence = sequence });
    }

    private void AddEpoch(int epoch)
    {
        (Epoch, _lastSequence) = (epoch, 0);
        _items.Add(new TimelineItem(TimelineItemKind.Epoch, Event: null) { Sequence = NextSequence, Epoch = epoch });
        LiveFrom = _items.Count;
    }

    /// <summary>What waited for steps that are known by now.</summary>
    private void AcceptHeld()
    {
        if (_held.Count > 0)
        {
            Accept([.. _held]);
        }
    }

    private void Accept(IReadOnlyList<LiveEvent> events)
    {
        foreach (var live in events)
        {
            _held.Remove(live);
            if (live.Position > NextSequence)
            {
                _held.Add(live);
            }
            else if (!HasEnded && live.Epoch >= Epoch)
            {
                Accept(live);
            }
        }
    }

    private void Accept(LiveEvent live)
    {
        if (live.Epoch > Epoch)
        {
            AddEpoch(live.Epoch);
        }

        if (live.Sequence <= _lastSequence)
        {
            return;
        }

        _lastSequence = live.Sequence;
        switch (live.Kind)
        {
            case LiveKind.ToolStarted:
                // Known before it is started, and the same whoever tells of the call first.
                var child = DelegateTools.Find(run, live.Tool!) is null ? null : DelegatedCall.ChildOf(run, live.CallId!);
                AddBegun(live.Turn, live.CallId!, live.Tool!, child, live.Position, live.Epoch, isRecorded: false);
                break;
            case LiveKind.Text or LiveKind.Restarted when live.Turn > _committedTurn:
                AddSaid(live);
                break;
        }
    }

    private void AddSaid(LiveEvent live)
    {
        var isText = live.Kind == LiveKind.Text;
        var cursor = new EventCursor(isText ? CursorKind.Delta : CursorKind.Restarted, live.Position, live.Epoch, live.Turn, live.Sequence);
        var what = new RunEvent
        {
            Id = cursor.ToId(run.Id),
            Type = isText ? RunEventType.ModelDelta : RunEventType.ModelRestarted,
            Turn = live.Turn,
            Epoch = live.Epoch,
            Text = live.Text,
        };
        _items.Add(new TimelineItem(isText ? TimelineItemKind.Text : TimelineItemKind.Restarted, what)
        {
            Sequence = live.Position, Epoch = live.Epoch, Line = live.Sequence,
        });
        if (isText)
        {
            _textOfTurn.Add(_items.Count - 1);
        }
        else
        {
            LiveFrom = _items.Count;
        }
    }

    private void AddBegun(int turn, string callId, string tool, string? child, long position, int epoch, bool isRecorded)
    {
        if (!_begunCalls.Add(callId))
        {
            if (isRecorded && _items.FindLastIndex(item => item.Kind == TimelineItemKind.ToolStarted && item.Event!.CallId == callId) is >= 0 and var told)
            {
                _items[told] = _items[told] with { IsRecorded = true };
            }

            return;
        }

        // Of one turn, calls differ by their number.
        var number = long.Parse(callId.AsSpan(callId.IndexOf('c') + 1), CultureInfo.InvariantCulture);
        var cursor = new EventCursor(CursorKind.ToolStarted, position, epoch, turn, number);
        var what = new RunEvent { Id = cursor.ToId(run.Id), Type = RunEventType.ToolStarted, Turn = turn, CallId = callId, Tool = tool, ChildRun = child };
        _items.Add(new TimelineItem(TimelineItemKind.ToolStarted, what) { Sequence = position, Epoch = epoch, Line = number, IsRecorded = isRecorded });
    }

    private void Tell()
    {
        var changed = _changed;
        _changed = New();
        changed.TrySetResult();
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
