using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Tests.Runs.Events;

/// <summary>How journals, and what is not in them yet, become events.</summary>
public sealed class EventTimelineTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Run _run = LoopFixture.NewRun(new AgentDefinition { Model = "scripted:one" }, Now);
    private readonly EventTimeline _timeline;
    private long _line;

    public EventTimelineTests() => _timeline = new EventTimeline(_run);

    [Fact]
    public void Journal_becomes_events_and_those_of_readers_who_come_later_are_the_same()
    {
        var early = Reader();
        Commit(Input(), Model(1, 1, "", "echo", "post"));
        var first = Read(early);
        Commit(Intent(2, "t1c1"), Tool(3, "t1c1"), Tool(4, "t1c0"), Summary(5));
        Commit(Model(6, 2, "Done."));
        _timeline.End(_run);

        var late = Read(Reader());

        Assert.Equal(["RunStarted", "ModelCompleted", "ToolCompleted post", "ToolCompleted echo", "ModelCompleted", "RunEnded"], late.Select(Show));
        Assert.Equal(late, [.. first, .. Read(early).Where(item => item.Type != RunEventType.ToolStarted)]);
        Assert.Equal(late.Count, late.Select(item => item.Id).Distinct().Count());
    }

    [Fact]
    public void Resume_after_each_event_brings_the_rest()
    {
        Commit(Input(), Model(1, 1, "", "echo"), Tool(2, "t1c0"), Model(3, 2, "Done."));
        _timeline.End(_run);
        var all = Read(Reader());

        for (var seen = 0; seen < all.Count; seen++)
        {
            Assert.Equal(all.Skip(seen + 1), Read(Reader(all[seen].Id)));
        }
    }

    [Fact]
    public void Text_of_the_call_in_flight_is_told_until_it_is_committed_and_then_the_answer_instead()
    {
        Commit(Input());
        _timeline.Advance(1);
        var reader = Reader();
        Say(1, 1, "One ");
        Say(1, 1, "two ");
        var joined = Read(Reader());
        var seen = Read(reader);
        Say(1, 1, "three.");
        Commit(Model(1, 1, "One two three."));

        Assert.Equal(["RunStarted", "One ", "two "], joined.Select(Show));
        Assert.Equal(joined, seen);
        Assert.Equal(["three.", "ModelCompleted"], Read(reader).Select(Show));
        Assert.Equal(["ModelCompleted"], Read(Reader(seen[1].Id)).Select(Show));
        Assert.Equal(["RunStarted", "ModelCompleted"], Read(Reader()).Select(Show));
    }

    [Fact]
    public void Text_is_told_to_who_listened_even_when_its_answer_is_read_together_with_the_steps_before_it()
    {
        Commit(Input());
        _timeline.Advance(1);
        var reader = Reader();
        _timeline.Push(Live(1, 2, LiveKind.Text) with { Text = "Do", Position = 3 });
        _timeline.Push(Live(1, 2, LiveKind.Text) with { Text = "ne.", Position = 3 });

        Assert.Equal(["RunStarted"], Read(reader).Select(Show));
        Commit(Model(1, 1, "", "echo"), Tool(2, "t1c0"), Model(3, 2, "Done."));

        Assert.Equal(["ModelCompleted", "ToolCompleted echo", "Do", "ne.", "ModelCompleted"], Read(reader).Select(Show));
    }

    [Fact]
    public void Resume_amid_an_answer_goes_on_with_the_next_piece()
    {
        Commit(Input());
        _timeline.Advance(1);
        Say(1, 1, "One ", "two ", "three ");
        var all = Read(Reader());

        Assert.Equal(["two ", "three "], Read(Reader(all[1].Id)).Select(Show));
        Assert.Empty(Read(Reader(all[^1].Id)));
    }

    [Fact]
    public void Another_driver_voids_what_was_told_and_tells_only_those_who_were()
    {
        Commit(Input());
        _timeline.Advance(1);
        Say(1, 1, "One ", "two ");
        var reader = Reader();
        var seen = Read(reader);
        Say(2, 1, "Uno ");

        Assert.Equal(["ModelRestarted", "Uno "], Read(reader).Select(Show));
        Assert.Equal(["ModelRestarted", "Uno "], Read(Reader(seen[1].Id)).Select(Show));
        Assert.Equal(["RunStarted", "Uno "], Read(Reader()).Select(Show));
        Assert.Equal(["Uno "], Read(Reader(seen[0].Id)).Select(Show));
    }

    [Fact]
    public void Reader_whose_text_died_with_its_instance_is_told_that_it_is_void()
    {
        Commit(Input());
        _timeline.Advance(1);
        Say(1, 1, "One ");
        var cursor = Read(Reader())[^1].Id;
        var elsewhere = new EventTimeline(_run);
        elsewhere.Commit([Input()], 1);
        elsewhere.Advance(1);
        var reader = new TimelineReader(elsewhere, _run.Id, EventCursor.Parse(cursor, _run.Id));

        Assert.Empty(Read(reader));
        elsewhere.Advance(2);
        elsewhere.Advance(3);

        var restarted = Assert.Single(Read(reader));
        Assert.Equal((RunEventType.ModelRestarted, 1), (restarted.Type, restarted.Turn));
    }

    [Fact]
    public void Answer_of_another_driver_than_the_text_voids_that_first()
    {
        Commit(Input());
        _timeline.Advance(1);
        Say(1, 1, "One ");
        var reader = Reader();
        var seen = Read(reader);
        Commit(Model(1, 1, "Uno.") with { Epoch = 2 });

        Assert.Equal(["ModelRestarted", "ModelCompleted"], Read(reader).Select(Show));
        Assert.Equal(["ModelRestarted", "ModelCompleted"], Read(Reader(seen[1].Id)).Select(Show));
        Assert.Equal(["RunStarted", "ModelCompleted"], Read(Reader()).Select(Show));
    }

    [Fact]
    public void Answer_begun_anew_by_the_same_driver_voids_what_was_told()
    {
        Commit(Input());
        _timeline.Advance(1);
        Say(1, 1, "One ");
        var reader = Reader();
        var seen = Read(reader);
        _timeline.Push(Live(1, 1, LiveKind.Restarted));
        Say(1, 1, "Uno ");
        var rest = Read(reader);

        Assert.Equal(["ModelRestarted", "Uno "], rest.Select(Show));
        Assert.Equal(rest, Read(Reader(seen[^1].Id)));
        Assert.Equal(["Uno "], Read(Reader(rest[0].Id)).Select(Show));
        Assert.Equal(["RunStarted", "Uno "], Read(Reader()).Select(Show));
    }

    [Fact]
    public void Lines_that_come_twice_late_or_from_an_older_driver_are_told_once_or_never()
    {
        Commit(Input());
        _timeline.Advance(2);
        var reader = Reader();
        var line = Live(2, 1, LiveKind.Text) with { Text = "One " };
        _timeline.Push(line);
        _timeline.Push(line);
        _timeline.Push(Live(1, 1, LiveKind.Text) with { Text = "old ", Sequence = 99 });
        Commit(Model(1, 1, "One two."));
        _timeline.Push(line with { Sequence = 2, Text = "two." });

        Assert.Equal(["RunStarted", "One ", "ModelCompleted"], Read(reader).Select(Show));
    }

    [Fact]
    public void Text_waits_for_the_steps_before_it()
    {
        Commit(Input(), Model(1, 1, "", "echo"));
        _timeline.Advance(1);
        var reader = Reader();
        _timeline.Push(Live(1, 2, LiveKind.Text) with { Text = "Done", Position = 3 });

        Assert.Equal(["RunStarted", "ModelCompleted"], Read(reader).Select(Show));
        Commit(Tool(2, "t1c0"));

        Assert.Equal(["ToolCompleted echo", "Done"], Read(reader).Select(Show));
    }

    [Fact]
    public void Tool_that_begins_is_told_once_whether_its_driver_or_the_journal_says_so_first()
    {
        Commit(Input(), Model(1, 1, "", "post"));
        var reader = Reader();
        Read(reader);
        _timeline.Push(Live(0, 1, LiveKind.ToolStarted) with { Position = 2, CallId = "t1c0", Tool = "post" });
        Commit(Intent(2, "t1c0"));
        var begun = Read(reader);
        Assert.Equal(begun, Read(Reader()).Where(item => item.Type == RunEventType.ToolStarted));
        Commit(Tool(3, "t1c0"));

        Assert.Equal(["ToolStarted post"], begun.Select(Show));
        Assert.Equal(["ToolCompleted post"], Read(reader).Select(Show));
        Assert.Equal(["ToolCompleted post"], Read(Reader(begun[0].Id)).Select(Show));
        Assert.DoesNotContain(Read(Reader()), item => item.Type == RunEventType.ToolStarted);
    }

    [Fact]
    public void Calls_in_flight_whose_beginning_is_recorded_are_told_to_who_comes_later_and_once_to_who_comes_back()
    {
        Commit(Input(), Model(1, 1, "", "post", "post", "echo"), Intent(2, "t1c0"), Intent(3, "t1c1") with { ChildRun = "run_child" });
        _timeline.Push(Live(1, 1, LiveKind.ToolStarted) with { CallId = "t1c2", Tool = "echo" });
        var all = Read(Reader());

        Assert.Equal(["RunStarted", "ModelCompleted", "ToolStarted post", "ToolStarted post"], all.Select(Show));
        Assert.Equal("run_child", all[^1].ChildRun);
        Assert.Equal([all[^1].Id], Read(Reader(all[^2].Id)).Select(item => item.Id));
        Assert.Empty(Read(Reader(all[^1].Id)));

        // Whatever instance tells it, and whoever of the run's drivers began it.
        var elsewhere = new EventTimeline(_run);
        elsewhere.Commit([Input(), Model(1, 1, "", "post", "post", "echo"), Intent(2, "t1c0"), Intent(3, "t1c1") with { ChildRun = "run_child" }], 4);
        Assert.Equal(all.Select(item => item.Id), Read(new TimelineReader(elsewhere, _run.Id, after: null)).Select(item => item.Id));
        Assert.Empty(Read(new TimelineReader(elsewhere, _run.Id, EventCursor.Parse(all[^1].Id, _run.Id))));
        elsewhere.Commit([Tool(4, "t1c0")], 5);
        Assert.Equal(
            ["RunStarted", "ModelCompleted", "ToolStarted post", "ToolCompleted post"], Read(new TimelineReader(elsewhere, _run.Id, after: null)).Select(Show));
    }

    [Fact]
    public void Text_of_turns_long_over_is_not_kept()
    {
        Commit(Input());
        _timeline.Advance(1);
        for (var turn = 1; turn <= 3; turn++)
        {
            _timeline.Push(Live(1, turn, LiveKind.Text) with { Text = $"turn {turn}", Position = turn });
            Commit(Model(turn, turn, $"turn {turn}"));
        }

        Assert.Equal(["turn 3"], _timeline.Items.Where(item => item.Kind == TimelineItemKind.Text).Select(item => item.Event!.Text));
    }

    [Fact]
    public void Question_and_decision_are_events_with_what_they_are_about()
    {
        var decision = new ApprovalDecision("t1c0", ApprovalOutcome.Approve, "bob", Now, "hash", "Fine.");
        Commit(
            Input(),
            Model(1, 1, "", "post"),
            Tool(2, "t1c0") with { Kind = EntryKind.ApprovalRequested, ExpiresAt = Now.AddDays(1) },
            Tool(3, "t1c0") with { Kind = EntryKind.ApprovalDecided, Decision = decision });

        var events = Read(Reader());

        Assert.Equal([RunEventType.ApprovalRequired, RunEventType.ApprovalDecided], events.Skip(2).Select(item => item.Type));
        Assert.Equal(("post", Now.AddDays(1)), (events[2].Approval!.Tool, events[2].Approval!.ExpiresAt));
        Assert.NotEmpty(events[2].Approval!.ArgumentsHash);
        Assert.Equal(decision, events[3].Entry!.Decision);
    }

    [Fact]
    public void Every_kind_of_entry_is_known()
    {
        foreach (var kind in Enum.GetValues<EntryKind>())
        {
            var entry = Tool(0, "t1c0") with { Kind = kind };

            new EventTimeline(_run).Commit([entry], 1);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("not base64!")]
    public void Text_that_is_no_id_is_none(string text) => Assert.Null(EventCursor.Parse(text, _run.Id));

    [Fact]
    public void Id_is_of_one_run_and_of_no_changed_form()
    {
        var cursor = new EventCursor(CursorKind.Delta, 7, 3, 2, 5);
        var id = cursor.ToId("run_1");

        Assert.Equal(cursor, EventCursor.Parse(id, "run_1"));
        Assert.Null(EventCursor.Parse(id, "run_2"));
        Assert.All(Enumerable.Range(0, id.Length - 1), at => Assert.Null(EventCursor.Parse(id[..at] + (id[at] == 'A' ? 'B' : 'A') + id[(at + 1)..], "run_1")));
    }

    private TimelineReader Reader(string? after = null) => new(_timeline, _run.Id, after is null ? null : EventCursor.Parse(after, _run.Id)!.Value);

    private static List<RunEvent> Read(TimelineReader reader)
    {
        List<RunEvent> events = [];
        while (reader.Next(out _, out _) is { } next)
        {
            events.Add(next);
        }

        return events;
    }

    private void Commit(params JournalEntry[] entries) => _timeline.Commit(entries, entries[^1].Sequence + 1);

    private void Say(int epoch, int turn, params string[] pieces)
    {
        foreach (var piece in pieces)
        {
            _timeline.Push(Live(epoch, turn, LiveKind.Text) with { Text = piece });
        }
    }

    private LiveEvent Live(int epoch, int turn, LiveKind kind) => new()
    {
        Epoch = epoch, Sequence = ++_line, Position = _timeline.NextSequence, Turn = turn, Kind = kind,
    };

    private static string Show(RunEvent item) => item.Type switch
    {
        RunEventType.ModelDelta => item.Text!,
        RunEventType.ToolStarted or RunEventType.ToolCompleted => $"{item.Type} {item.Tool}",
        _ => item.Type.ToString(),
    };

    private static JournalEntry Input() => new() { Kind = EntryKind.Input, StartedAt = Now, Messages = [new ChatMessage(ChatRole.User, "Hello")] };

    private static JournalEntry Model(long sequence, int turn, string text, params string[] tools) => new()
    {
        Kind = EntryKind.Model,
        Sequence = sequence,
        Turn = turn,
        Messages = [new ChatMessage(ChatRole.Assistant, [new TextContent(text), .. tools.Select(tool => new FunctionCallContent("id", tool))])],
    };

    private static JournalEntry Intent(long sequence, string callId) => Tool(sequence, callId) with { Kind = EntryKind.Intent, Name = "post", Epoch = 1 };

    private static JournalEntry Tool(long sequence, string callId) =>
        new() { Kind = EntryKind.Tool, Sequence = sequence, Turn = 1, CallId = callId, Name = "tool" };

    private static JournalEntry Summary(long sequence) => new() { Kind = EntryKind.Summary, Sequence = sequence };
}
