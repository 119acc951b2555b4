using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Segments;

namespace Yggdrasil.Functions.Http.AiSdk;

/// <summary>Messages of AI SDK's UI, as items of a history. What only the page shows (steps, sources, data) is left out.</summary>
/// <param name="field">The field that has them.</param>
internal sealed class UiMessages(string field)
{
    private const int MaxParts = 10_000;
    private const string MessagePrefix = "msg_";

    private readonly List<InputItem> _items = [];
    private readonly List<string> _instructions = [];
    private int _parts;
    private int _calls;
    private int _size;

    public IReadOnlyList<InputItem> Items => _items;

    /// <summary>What messages of the system say.</summary>
    public string? Instructions => _instructions.Count == 0 ? null : string.Join("\n\n", _instructions);

    /// <summary>The run that gave the last answer; null where that is none of ours.</summary>
    public string? LastRun { get; private set; }

    /// <summary>The answers of the last step of the last message, where that is an answer of a run.</summary>
    public IReadOnlyList<InputItem> Answers { get; private set; } = [];

    /// <summary>The id of the message that a run answers with.</summary>
    public static string IdOf(string runId) => MessagePrefix + ItemId.Suffix(runId);

    /// <exception cref="InvalidRequestException">A message is not valid; it is named.</exception>
    public void AddAll(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > RunRequest.MaxMessages)
        {
            throw new InvalidRequestException(field, $"Must be a list of 1 to {RunRequest.MaxMessages} messages.");
        }

        foreach (var (index, message) in list.EnumerateArray().Index())
        {
            Add(message, $"{field}[{index.ToString(CultureInfo.InvariantCulture)}]");
        }
    }

    /// <exception cref="InvalidRequestException">The message is not valid.</exception>
    public void Add(JsonElement message, string place)
    {
        Require(message.ValueKind == JsonValueKind.Object, place, "Must be a message with role and parts.");
        var role = Text(message, "role") ?? "";
        Require(role is "user" or "assistant" or "system", $"{place}.role", "Must be user, assistant or system.");
        Require(
            message.TryGetProperty("parts", out var parts) && parts.ValueKind == JsonValueKind.Array && (_parts += parts.GetArrayLength()) <= MaxParts,
            $"{place}.parts", $"Is required: a list of parts, of which all messages together have at most {MaxParts}.");
        Answers = [];
        if (role == "assistant")
        {
            LastRun = Text(message, "id") is { } id && id.StartsWith(MessagePrefix, StringComparison.Ordinal) && Ids.IsValid(id) ? $"run_{id[MessagePrefix.Length..]}" : null;
            AddAnswer(parts, place);
            return;
        }

        var said = string.Concat(parts.EnumerateArray().Index().Select(part => ReadText(part.Item, $"{place}.parts[{part.Index}]")));
        Require(!string.IsNullOrWhiteSpace(said), $"{place}.parts", "Must have a part of text that is not empty.");
        if (role == "system")
        {
            _instructions.Add(said);
        }
        else
        {
            Add(new InputItem(InputKind.Message, place, Text: said, Role: ChatRole.User));
        }
    }

    /// <summary>An answer: steps, each with text and with calls whose results are in the same place.</summary>
    private void AddAnswer(JsonElement parts, string place)
    {
        List<InputItem> results = [];
        List<InputItem> answers = [];
        foreach (var (index, part) in parts.EnumerateArray().Index())
        {
            var at = $"{place}.parts[{index.ToString(CultureInfo.InvariantCulture)}]";
            var type = part.ValueKind == JsonValueKind.Object ? Text(part, "type") : null;
            Require(type is not null, $"{at}.type", "Is required.");
            if (type == "text" || type == "step-start")
            {
                results.ForEach(Add);
                results.Clear();
                answers = type == "text" ? answers : [];
                if (type == "text" && Text(part, "text") is { Length: > 0 } text)
                {
                    Add(new InputItem(InputKind.Message, at, Text: text, Role: ChatRole.Assistant));
                }
            }
            else if (ToolOf(part, type!) is { } tool)
            {
                AddCall(part, tool, at, results, answers);
            }
        }

        results.ForEach(Add);
        Answers = answers;
    }

    private void AddCall(JsonElement part, string tool, string place, List<InputItem> results, List<InputItem> answers)
    {
        var id = Text(part, "toolCallId") ?? throw new InvalidRequestException($"{place}.toolCallId", "Is required.");
        var state = Text(part, "state");
        var isOwn = part.TryGetProperty("providerExecuted", out var executed) && executed.ValueKind == JsonValueKind.True;
        var result = state switch
        {
            "output-available" => part.TryGetProperty("output", out var output) ? Raw(output) : "",
            "output-error" => Text(part, "errorText") ?? "",
            "output-denied" => "The user denied this call.",
            _ => null,
        };
        if (state == "approval-responded" && part.TryGetProperty("approval", out var approval) && approval.ValueKind == JsonValueKind.Object)
        {
            answers.Add(new InputItem(
                InputKind.Approval, place, id, Text: Text(approval, "reason"),
                Approves: approval.TryGetProperty("approved", out var approved) && approved.ValueKind == JsonValueKind.True));
        }

        // A call without a result was not made: models are not told of it.
        if (result is null)
        {
            return;
        }

        if (!isOwn && state != "output-denied")
        {
            answers.Add(new InputItem(InputKind.Output, place, id, Text: result, HasFailed: state == "output-error"));
        }

        var own = $"call_h{(_calls++).ToString(CultureInfo.InvariantCulture)}";
        Add(new InputItem(InputKind.Call, place, own, tool, part.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.Object ? input.GetRawText() : "{}"));
        results.Add(new InputItem(InputKind.Output, place, own, Text: result));
    }

    private void Add(InputItem item)
    {
        _size += Encoding.UTF8.GetByteCount(item.Text ?? "") + Encoding.UTF8.GetByteCount(item.Name);
        Require(_size <= RunRequest.MaxInputBytes, field, $"At most {RunRequest.MaxInputBytes / 1024} KiB of UTF-8.");
        _items.Add(item);
    }

    private static string? ToolOf(JsonElement part, string type) =>
        type == "dynamic-tool" ? Text(part, "toolName")
        : type.StartsWith("tool-", StringComparison.Ordinal) ? type["tool-".Length..]
        : null;

    private static string ReadText(JsonElement part, string place)
    {
        var type = part.ValueKind == JsonValueKind.Object ? Text(part, "type") : null;
        Require(type is not null && type != "file", $"{place}.type", "Only text is supported.");
        return type == "text" ? Text(part, "text") ?? throw new InvalidRequestException($"{place}.text", "Must be a string.") : "";
    }

    /// <summary>A text as it is, anything else as JSON.</summary>
    private static string Raw(JsonElement value) => JsonFields.TryGetText(value, out var text) ? text : value.GetRawText();

    private static string? Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) && JsonFields.TryGetText(value, out var text) ? text : null;

    private static void Require(bool holds, string place, string message)
    {
        if (!holds)
        {
            throw new InvalidRequestException(place, message);
        }
    }
}
