using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.AgUi;

/// <summary>A part of a run's events in AG-UI's words.</summary>
/// <remarks>
/// What a model says in a turn is a message, and its calls hang on it. A part that ends because the run waits for its caller is a run that has
/// finished, for AG-UI: with interrupts where something is to be decided, or else with the calls that the page has to make.
/// </remarks>
/// <param name="threadId">What the caller calls the chat.</param>
/// <param name="callersRun">What the caller calls this part of the run.</param>
/// <param name="segment">The part of the run that is told.</param>
internal sealed class AgUiProjection(string threadId, string callersRun, int segment, ToolCatalog catalog) : IRunProjection
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<ReadOnlyMemory<byte>> _frames = [];
    private readonly HashSet<string> _announced = [];
    private readonly JsonArray _interrupts = [];
    private readonly JsonArray _pending = [];
    private Run? _run;
    private RunOutline? _outline;
    private int _turn;
    private int _attempt;
    private int _said;
    private bool _isOpen;

    public ReadOnlyMemory<byte> Begin => default;

    public bool HasEnded { get; private set; }

    public TimeSpan HoldBack(RunEvent what) => TimeSpan.Zero;

    public IEnumerable<ReadOnlyMemory<byte>> Tell(RunEvent what)
    {
        _frames.Clear();
        switch (what)
        {
            case { Type: RunEventType.RunStarted }:
                _run = what.Run!;
                _outline = new RunOutline(() => _run, catalog, waits: false);
                Add("RUN_STARTED", ("threadId", threadId), ("runId", callersRun), ("metadata", new JsonObject { ["runId"] = _run.Id }));
                break;
            case { Type: RunEventType.ModelDelta or RunEventType.ModelRestarted } when _outline!.Segment != segment:
                break;
            case { Type: RunEventType.ModelDelta }:
                Say(what.Turn, what.Text!);
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
                    // A call that was asked about in the part before is known.
                    var isNew = step.Kind is OutlineKind.Call or OutlineKind.ClientCall or OutlineKind.ApprovalRequest && _announced.Add(step.CallId!);
                    if (step.Segment == segment)
                    {
                        Tell(step, isNew, what.Approval);
                    }
                }

                break;
        }

        return [.. _frames];
    }

    private void Tell(OutlineStep step, bool isNew, PendingApproval? asked)
    {
        switch (step.Kind)
        {
            case OutlineKind.Answer:
                Complete(step.Entry);
                break;
            case OutlineKind.Call when isNew:
                Call(step);
                break;
            case OutlineKind.Result:
                Add(
                    "TOOL_CALL_RESULT", ("messageId", AgUiMessages.ResultOf(_run!.Id, step.CallId!)), ("toolCallId", IdOf(step)),
                    ("content", step.Entry.Result()), ("role", "tool"));
                break;
            case OutlineKind.ClientCall:
                Call(step);
                _pending.Add(IdOf(step));
                break;
            case OutlineKind.ApprovalRequest:
                Call(step);
                Interrupt(step, asked);
                break;
            case OutlineKind.End:
                Finish(Outcome(), step.Tokens);
                break;
        }
    }

    private void Call(OutlineStep step)
    {
        var id = IdOf(step);
        Add("TOOL_CALL_START", ("toolCallId", id), ("toolCallName", step.Call!.Name), ("parentMessageId", AgUiMessages.IdOf(_run!.Id, step.Entry.Turn, AttemptOf(step.Entry.Turn))));
        Add("TOOL_CALL_ARGS", ("toolCallId", id), ("delta", JsonSerializer.Serialize(step.Call.Arguments ?? new Dictionary<string, object?>(), Options)));
        Add("TOOL_CALL_END", ("toolCallId", id));
    }

    private void Interrupt(OutlineStep step, PendingApproval? asked)
    {
        var interrupt = new JsonObject
        {
            ["id"] = IdOf(step),
            ["reason"] = "tool_approval",
            ["message"] = $"May {step.Call!.Name} be called?",
            ["toolCallId"] = IdOf(step),
            ["responseSchema"] = JsonNode.Parse("""{"type":"object","properties":{"approved":{"type":"boolean"},"reason":{"type":"string"}},"required":["approved"]}"""),
        };
        if (asked is not null)
        {
            interrupt["expiresAt"] = asked.ExpiresAt.ToString("O", System.Globalization.CultureInfo.InvariantCulture);
        }

        _interrupts.Add(interrupt);
    }

    private JsonObject Outcome()
    {
        if (_interrupts.Count > 0)
        {
            return new JsonObject { ["type"] = "interrupt", ["interrupts"] = _interrupts.DeepClone() };
        }

        var outcome = new JsonObject { ["type"] = "success" };
        if (_pending.Count > 0)
        {
            outcome["pendingToolCallIds"] = _pending.DeepClone();
        }

        return outcome;
    }

    private int AttemptOf(int turn) => turn == _turn ? _attempt : 0;

    private void Say(int turn, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        Turn(turn);
        if (!_isOpen)
        {
            _isOpen = true;
            Add("TEXT_MESSAGE_START", ("messageId", MessageId), ("role", "assistant"));
        }

        _said += text.Length;
        Add("TEXT_MESSAGE_CONTENT", ("messageId", MessageId), ("delta", text));
    }

    private void Turn(int turn)
    {
        if (turn != _turn)
        {
            Close();
            (_turn, _attempt, _said) = (turn, 0, 0);
        }
    }

    private void Close()
    {
        if (_isOpen)
        {
            Add("TEXT_MESSAGE_END", ("messageId", MessageId));
        }

        _isOpen = false;
    }

    /// <summary>What was said cannot be taken back: the new answer is a message of its own.</summary>
    private void Restart()
    {
        if (_isOpen)
        {
            Close();
            (_attempt, _said) = (_attempt + 1, 0);
        }
    }

    private void Complete(JournalEntry answer)
    {
        Turn(answer.Turn);
        var text = answer.Text();
        if (_said > text.Length)
        {
            Restart();
        }

        if (text.Length > _said)
        {
            Say(answer.Turn, text[_said..]);
        }

        Close();

        // Thoughts are not streamed: they are known when the answer is whole.
        foreach (var (index, thought) in answer.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Where(thought => thought.Text.Length > 0).Index())
        {
            var id = $"rs_{ItemId.Suffix(_run!.Id)}_t{answer.Turn}_{index}";
            Add("REASONING_START", ("messageId", id));
            Add("REASONING_MESSAGE_START", ("messageId", id), ("role", "reasoning"));
            Add("REASONING_MESSAGE_CONTENT", ("messageId", id), ("delta", thought.Text));
            Add("REASONING_MESSAGE_END", ("messageId", id));
            Add("REASONING_END", ("messageId", id));
        }
    }

    private void End(Run run)
    {
        Close();
        if (run.Status == RunStatus.Cancelled)
        {
            Finish(new JsonObject { ["type"] = "cancelled" }, _outline!.RestOf(run));
        }
        else if (run.Status == RunStatus.Completed || run.StopReason is StopReason.Refused or StopReason.MaxOutputTokens)
        {
            Finish(Outcome(), _outline!.RestOf(run));
        }
        else
        {
            Add("RUN_ERROR", ("message", run.Error?.Message ?? $"The run ended as {ContractJson.Name(run.Status)}."), ("code", run.Error?.Code ?? ContractJson.Name(run.Status)));
            HasEnded = true;
        }
    }

    private void Finish(JsonObject outcome, SegmentTokens used)
    {
        Add(
            "RUN_FINISHED", ("threadId", threadId), ("runId", callersRun), ("outcome", outcome),
            ("usage", new JsonArray(new JsonObject { ["inputTokens"] = used.Input, ["outputTokens"] = used.Output, ["totalTokens"] = used.Input + used.Output })));
        HasEnded = true;
    }

    private string MessageId => AgUiMessages.IdOf(_run!.Id, _turn, _attempt);

    private string IdOf(OutlineStep step) => ItemId.CallOf(_run!.Id, step.CallId!);

    private void Add(string type, params (string Name, JsonNode? Value)[] fields)
    {
        var data = new JsonObject { ["type"] = type };
        foreach (var (name, value) in fields)
        {
            data[name] = value;
        }

        _frames.Add(Encoding.UTF8.GetBytes($"data: {data.ToJsonString(Options)}\n\n"));
    }
}
