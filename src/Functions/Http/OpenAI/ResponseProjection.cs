using System.Text.Json.Nodes;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>A run's events as those of a response.</summary>
/// <param name="startingAfter">The number of the last event that the reader has; null for none.</param>
/// <param name="segment">The part of the run that is told.</param>
/// <param name="waits">Approvals are decided elsewhere, and the response waits for them.</param>
internal sealed class ResponseProjection(int? startingAfter, int segment, ToolCatalog catalog, bool waits) : IRunProjection
{
    /// <summary>AI SDK repeats a request that fails sooner than this after it began, as if nothing had happened yet.</summary>
    private static readonly TimeSpan Failing = TimeSpan.FromMilliseconds(60);

    private readonly JsonArray _output = [];
    private readonly Dictionary<string, int> _calls = [];
    private readonly List<ReadOnlyMemory<byte>> _frames = [];
    private ResponsePosition? _after = startingAfter is { } number ? ResponsePosition.Of(number) : null;
    private Run? _run;
    private RunOutline? _outline;
    private int _position;
    private OpenText? _text;

    public ReadOnlyMemory<byte> Begin => default;

    public bool HasEnded { get; private set; }

    public TimeSpan HoldBack(RunEvent what) => what is { Type: RunEventType.RunEnded, Run: { } run } && _output.Count == 0 && ResponseDocuments.StatusOf(run) == "failed"
        ? Failing
        : TimeSpan.Zero;

    public IEnumerable<ReadOnlyMemory<byte>> Tell(RunEvent what)
    {
        _frames.Clear();
        switch (what)
        {
            case { Type: RunEventType.RunStarted }:
                _run = what.Run!;
                _outline = new RunOutline(() => _run, catalog, waits);
                if (segment == 1)
                {
                    Start();
                }

                break;
            case { Type: RunEventType.ModelDelta or RunEventType.ModelRestarted } when _outline!.Segment != segment:
                break;
            case { Type: RunEventType.ModelDelta }:
                Say(what.Turn, what.Epoch, what.Text!);
                break;
            case { Type: RunEventType.ModelRestarted }:
                Restart();
                break;
            case { Type: RunEventType.RunEnded }:
                End(what.Run!);
                break;
            case { Entry: { } entry }:
                foreach (var step in _outline!.Add(entry))
                {
                    Tell(step);
                }

                break;
        }

        return [.. _frames];
    }

    private void Tell(OutlineStep step)
    {
        if (step is { Kind: OutlineKind.End } && step.Segment == segment - 1)
        {
            Start();
        }

        if (step.Segment != segment)
        {
            return;
        }

        switch (step.Kind)
        {
            case OutlineKind.Answer:
                Complete(step.Entry);
                break;
            case OutlineKind.Call:
                BeginCall(step);
                break;
            case OutlineKind.Result:
                Finish(step);
                break;
            case OutlineKind.ClientCall:
                Hand(ResponseItems.ClientCall(_run!.Id, step.CallId!, step.Call!));
                break;
            case OutlineKind.ApprovalRequest:
                Hand(ResponseItems.ApprovalRequest(_run!.Id, step.CallId!, step.Call!));
                break;
            case OutlineKind.End:
                Add("response.completed", ("response", ResponseDocuments.Of(_run!, Output(), "completed", segment, step.Tokens)));
                HasEnded = true;
                break;
        }
    }

    private void Start()
    {
        Add("response.created", ("response", ResponseDocuments.Of(_run!, [], "in_progress", segment)));
        Add("response.in_progress", ("response", ResponseDocuments.Of(_run!, [], "in_progress", segment)));
    }

    /// <summary>An item that the caller has to do something about.</summary>
    private void Hand(JsonObject item)
    {
        _output.Add(item);
        var position = _output.Count - 1;
        var added = item.DeepClone().AsObject();
        if (item["type"]!.GetValue<string>() == "function_call")
        {
            (added["arguments"], added["status"]) = ("", "in_progress");
            Add("response.output_item.added", ("output_index", position), ("item", added));
            Add("response.function_call_arguments.delta", [.. Of(position), ("delta", item["arguments"]!.DeepClone())]);
            Add("response.function_call_arguments.done", [.. Of(position), ("name", item["name"]!.DeepClone()), ("arguments", item["arguments"]!.DeepClone())]);
        }
        else
        {
            Add("response.output_item.added", ("output_index", position), ("item", added));
        }

        Add("response.output_item.done", ("output_index", position), ("item", item.DeepClone()));
    }

    private void Say(int turn, int epoch, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        var open = _text ?? Open(turn, epoch);
        if (open.Mark == 0)
        {
            open.Mark = ResponsePosition.MarkOf(turn, epoch);
        }

        var begin = _position;
        open.Said.Append(text);
        _position += text.Length;

        // What the reader has of this text is not sent again.
        var seen = _after is { } after ? Math.Clamp(after.Position - begin, 0, text.Length) : 0;
        if (seen < text.Length)
        {
            Frame("response.output_text.delta", new ResponsePosition(_position, open.Mark), Part(open, ("delta", text[seen..]), ("logprobs", new JsonArray())));
        }
    }

    private OpenText Open(int turn, int epoch)
    {
        var item = ResponseItems.Message(_run!.Id, turn, text: null, "in_progress");
        _output.Add(item);
        var open = _text = new OpenText(turn, _output.Count - 1, ResponseItems.MessageId(_run.Id, turn)) { Mark = ResponsePosition.MarkOf(turn, epoch) };
        Add("response.output_item.added", ("output_index", open.Index), ("item", item.DeepClone()));
        Add("response.content_part.added", Part(open, ("part", ResponseItems.Text(""))));
        open.Begin = _position;
        if (_after is { } after && after.IsOtherAttempt(turn, epoch) && after.Position > _position)
        {
            // The reader has the beginning of a text that was never finished; this one follows it as a part of its own.
            _after = null;
            open.Content++;
            Frame("response.content_part.added", new ResponsePosition(_position, open.Mark), Part(open, ("part", ResponseItems.Text(""))));
        }

        return open;
    }

    /// <summary>What was said is void: its part ends, and the new text is a part of its own, whose places begin where the old one's did.</summary>
    private void Restart()
    {
        if (_text is not { } open)
        {
            return;
        }

        var (said, here) = (open.Said.ToString(), new ResponsePosition(_position, open.Mark));
        Frame("response.output_text.done", here, Part(open, ("text", said), ("logprobs", new JsonArray())));
        Frame("response.content_part.done", here, Part(open, ("part", ResponseItems.Text(said))));
        open.Content++;
        open.Said.Clear();
        open.Mark = 0;
        _position = open.Begin;
        _after = null;
        Frame("response.content_part.added", here, Part(open, ("part", ResponseItems.Text(""))));
    }

    private void Complete(JournalEntry answer)
    {
        var text = answer.Text();
        if (_text is { Turn: var turn } && (turn != answer.Turn || !text.StartsWith(_text.Said.ToString(), StringComparison.Ordinal)))
        {
            Restart();
        }

        if (text.Length > 0)
        {
            Say(answer.Turn, answer.Epoch, text[(_text?.Said.Length ?? 0)..]);
        }

        Close("completed");
    }

    private void BeginCall(OutlineStep step)
    {
        var item = Item(step, result: null);
        _output.Add(item);
        var (position, arguments) = (_output.Count - 1, item["arguments"]!.GetValue<string>());
        _calls[step.CallId!] = position;
        var added = item.DeepClone().AsObject();
        added["arguments"] = "";
        Add("response.output_item.added", ("output_index", position), ("item", added));
        Add("response.mcp_call.in_progress", Of(position));
        Add("response.mcp_call_arguments.delta", [.. Of(position), ("delta", arguments)]);
        Add("response.mcp_call_arguments.done", [.. Of(position), ("arguments", arguments)]);
    }

    private void Finish(OutlineStep step)
    {
        var position = _calls[step.CallId!];
        var item = Item(step, step.Entry);
        _output[position] = item;
        Add(step.Entry.Status == StepStatus.Completed ? "response.mcp_call.completed" : "response.mcp_call.failed", Of(position));
        Add("response.output_item.done", ("output_index", position), ("item", item.DeepClone()));
    }

    private JsonObject Item(OutlineStep step, JournalEntry? result) => ResponseItems.Call(_run!.Id, step.CallId!, step.Call!, result);

    private JsonArray Output() => _output.DeepClone().AsArray();

    private void End(Run run)
    {
        if (_outline!.Segment != segment)
        {
            return;
        }

        Close("incomplete");
        var type = ResponseDocuments.StatusOf(run) switch
        {
            "completed" => "response.completed",
            "failed" => "response.failed",
            // Also of a cancelled one: there is an event of that name, at which OpenAI's own client fails.
            _ => "response.incomplete",
        };
        Add(type, ("response", ResponseDocuments.Of(run, Output(), status: null, segment, _outline!.RestOf(run))));
    }

    private void Close(string status)
    {
        if (_text is not { } open)
        {
            return;
        }

        var said = open.Said.ToString();
        Add("response.output_text.done", Part(open, ("text", said), ("logprobs", new JsonArray())));
        Add("response.content_part.done", Part(open, ("part", ResponseItems.Text(said))));
        var item = ResponseItems.Message(_run!.Id, open.Turn, said, status);
        _output[open.Index] = item;
        Add("response.output_item.done", ("output_index", open.Index), ("item", item.DeepClone()));
        _text = null;
    }

    private (string, JsonNode?)[] Of(int position) => [("item_id", _output[position]!["id"]!.DeepClone()), ("output_index", position)];

    private static (string, JsonNode?)[] Part(OpenText open, params (string, JsonNode?)[] fields) =>
        [("item_id", open.ItemId), ("output_index", open.Index), ("content_index", open.Content), .. fields];

    /// <summary>An event that takes a position.</summary>
    private void Add(string type, params (string Name, JsonNode? Value)[] fields) => Frame(type, new ResponsePosition(++_position, Mark: 0), fields);

    private void Frame(string type, ResponsePosition position, (string Name, JsonNode? Value)[] fields)
    {
        if (_after is { } after && position.Number <= after.Number && position.Position <= after.Position)
        {
            return;
        }

        var data = new JsonObject { ["type"] = type, ["sequence_number"] = position.Number };
        foreach (var (name, value) in fields)
        {
            data[name] = value;
        }

        _frames.Add(OpenAIJson.NamedFrame(data));
    }

    /// <summary>The message that the model is saying.</summary>
    private sealed class OpenText(int turn, int index, string itemId)
    {
        public int Turn { get; } = turn;

        public int Index { get; } = index;

        public string ItemId { get; } = itemId;

        public System.Text.StringBuilder Said { get; } = new();

        /// <summary>The position before its first character.</summary>
        public int Begin { get; set; }

        public int Mark { get; set; }

        public int Content { get; set; }
    }
}
