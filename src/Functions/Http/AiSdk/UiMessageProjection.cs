using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Yggdrasil.Functions.Http.Answering;
using Yggdrasil.Functions.Http.Segments;
using Yggdrasil.Runs.Events;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Functions.Http.AiSdk;

/// <summary>A run's events as chunks of one message of AI SDK's UI.</summary>
/// <remarks>
/// A turn is a step. The agent's own calls are <c>providerExecuted</c> and dynamic, so that a page neither makes nor answers them; those of
/// the caller's tools are not, and end the message like approvals do: the page sends the message back with the answers in it, and its next part
/// follows.
/// </remarks>
/// <param name="from">The first part of the run that is told.</param>
/// <param name="to">The last one: a page that resumes is told all parts so far.</param>
internal sealed class UiMessageProjection(int from, int to, ToolCatalog catalog) : IRunProjection
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly byte[] Done = [.. "data: [DONE]\n\n"u8];

    private readonly List<ReadOnlyMemory<byte>> _frames = [];
    private readonly HashSet<string> _denied = [];
    private Run? _run;
    private RunOutline? _outline;
    private int _turn;
    private int _texts;
    private int _said;
    private string? _text;

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
                Add("start", ("messageId", UiMessages.IdOf(_run.Id)), ("messageMetadata", new JsonObject { ["runId"] = _run.Id }));
                break;
            case { Type: RunEventType.ModelDelta or RunEventType.ModelRestarted } when !IsTold(_outline!.Segment):
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
                foreach (var step in _outline!.Add(entry).Where(step => IsTold(step.Segment)))
                {
                    Tell(step);
                }

                break;
        }

        return [.. _frames];
    }

    private bool IsTold(int segment) => segment >= from && segment <= to;

    private void Tell(OutlineStep step)
    {
        switch (step.Kind)
        {
            case OutlineKind.Answer:
                Complete(step.Entry);
                break;
            case OutlineKind.Call:
                Call(step, isOwn: true);
                break;
            case OutlineKind.ClientCall:
                Call(step, isOwn: false);
                break;
            case OutlineKind.ApprovalRequest:
                Call(step, isOwn: true);
                Add("tool-approval-request", ("approvalId", IdOf(step)), ("toolCallId", IdOf(step)));
                break;
            case OutlineKind.Denied:
                _denied.Add(step.CallId!);
                Add("tool-output-denied", ("toolCallId", IdOf(step)));
                break;
            case OutlineKind.Result when !_denied.Contains(step.CallId!):
                Result(step);
                break;
            case OutlineKind.End when step.Segment == to:
                Finish("tool-calls", step.Tokens);
                break;
        }
    }

    private void Call(OutlineStep step, bool isOwn)
    {
        if (_denied.Contains(step.CallId!))
        {
            return;
        }

        // What is approved begins anew here, in a part of the message that is there.
        var input = JsonSerializer.SerializeToNode(step.Call!.Arguments ?? new Dictionary<string, object?>(), Options);
        Add(
            "tool-input-available", ("toolCallId", IdOf(step)), ("toolName", step.Call.Name), ("input", input),
            ("providerExecuted", isOwn ? true : null), ("dynamic", isOwn ? true : null));
    }

    private void Result(OutlineStep step)
    {
        var (id, result) = (IdOf(step), step.Entry.Result());
        if (step.Entry.Status == StepStatus.Completed)
        {
            Add("tool-output-available", ("toolCallId", id), ("output", result), ("providerExecuted", true), ("dynamic", true));
        }
        else
        {
            Add("tool-output-error", ("toolCallId", id), ("errorText", result), ("providerExecuted", true), ("dynamic", true));
        }
    }

    private void Open(int turn)
    {
        if (turn != _turn)
        {
            CloseStep();
            _turn = turn;
            Add("start-step");
        }
    }

    private void CloseStep()
    {
        CloseText();
        if (_turn != 0)
        {
            Add("finish-step");
        }

        _turn = 0;
    }

    private void Say(int turn, string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        Open(turn);
        if (_text is null)
        {
            _text = $"t{turn}-{_texts++}";
            Add("text-start", ("id", _text));
        }

        _said += text.Length;
        Add("text-delta", ("id", _text), ("delta", text));
    }

    private void CloseText()
    {
        if (_text is not null)
        {
            Add("text-end", ("id", _text));
        }

        (_text, _said) = (null, 0);
    }

    /// <summary>What was said of the turn is void.</summary>
    private void Restart()
    {
        if (_text is not null)
        {
            CloseText();
            Add("reset-step");
        }
    }

    private void Complete(JournalEntry answer)
    {
        Open(answer.Turn);
        var text = answer.Text();
        if (_said > text.Length)
        {
            Restart();
        }

        // Thoughts are not streamed: they are known when the answer is whole.
        foreach (var thought in answer.Messages.SelectMany(message => message.Contents).OfType<TextReasoningContent>().Where(thought => thought.Text.Length > 0))
        {
            var id = $"r{answer.Turn}-{_texts++}";
            Add("reasoning-start", ("id", id));
            Add("reasoning-delta", ("id", id), ("delta", thought.Text));
            Add("reasoning-end", ("id", id));
        }

        Say(answer.Turn, text[_said..]);
        CloseText();
    }

    private void End(Run run)
    {
        if (run.Status == RunStatus.Cancelled)
        {
            CloseStep();
            Add("abort", ("reason", "The run was cancelled."));
            Close();
            return;
        }

        var finish = run switch
        {
            { Status: RunStatus.Completed, StopReason: StopReason.MaxOutputTokens } => "length",
            { Status: RunStatus.Completed, StopReason: StopReason.MaxTurns or StopReason.MaxToolCalls } => "other",
            { Status: RunStatus.Completed } => "stop",
            { StopReason: StopReason.MaxOutputTokens } => "length",
            { StopReason: StopReason.Refused or StopReason.ContentFilter } => "content-filter",
            _ => null,
        };
        if (finish is not null)
        {
            Finish(finish, _outline!.RestOf(run));
            return;
        }

        CloseStep();
        Add("error", ("errorText", run.Error?.Message ?? $"The run ended as {ContractJson.Name(run.Status)}."));
        Close();
    }

    private void Finish(string reason, SegmentTokens used)
    {
        CloseStep();
        Add("finish", ("finishReason", reason), ("messageMetadata", new JsonObject
        {
            ["usage"] = new JsonObject { ["inputTokens"] = used.Input, ["outputTokens"] = used.Output, ["totalTokens"] = used.Input + used.Output },
        }));
        Close();
    }

    private void Close()
    {
        _frames.Add(Done);
        HasEnded = true;
    }

    private string IdOf(OutlineStep step) => ItemId.CallOf(_run!.Id, step.CallId!);

    private void Add(string type, params (string Name, JsonNode? Value)[] fields)
    {
        var chunk = new JsonObject { ["type"] = type };
        foreach (var (name, value) in fields.Where(field => field.Value is not null))
        {
            chunk[name] = value;
        }

        _frames.Add(Encoding.UTF8.GetBytes($"data: {chunk.ToJsonString(Options)}\n\n"));
    }
}
