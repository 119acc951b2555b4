using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Segments;

namespace Yggdrasil.Functions.Http.AgUi;

/// <summary>AG-UI's messages, as items of a history. Thoughts and activities are left out.</summary>
internal sealed class AgUiMessages
{
    private const string Field = "messages";
    private const string ResultPrefix = "res_";

    private readonly List<InputItem> _items = [];
    private readonly List<string> _instructions = [];
    private readonly Dictionary<string, string> _own = [];
    private readonly List<InputItem> _answers = [];

    /// <summary>Calls whose result has not come yet: models are not told of a call that was not made.</summary>
    private readonly Dictionary<string, (string Name, string Arguments)> _calls = [];
    private int _size;

    public IReadOnlyList<InputItem> Items => _items;

    /// <summary>Results of the caller's tools after the last answer.</summary>
    public IReadOnlyList<InputItem> Answers => _answers;

    public string? Instructions => _instructions.Count == 0 ? null : string.Join("\n\n", _instructions);

    /// <summary>The run that gave the last answer; null where that is none of ours.</summary>
    public string? LastRun { get; private set; }

    /// <summary>The id of the message that a turn's answer is.</summary>
    /// <param name="attempt">From 0; one more where a model has begun its answer anew.</param>
    public static string IdOf(string runId, int turn, int attempt) =>
        FormattableString.Invariant($"msg_{ItemId.Suffix(runId)}_t{turn}") + (attempt == 0 ? "" : FormattableString.Invariant($"a{attempt}"));

    /// <summary>The id of the message that the result of an agent's own call is.</summary>
    public static string ResultOf(string runId, string callId) => $"{ResultPrefix}{ItemId.Suffix(runId)}_{callId}";

    /// <exception cref="InvalidRequestException">A message is not valid; it is named.</exception>
    public void AddAll(JsonElement list)
    {
        Require(
            list.ValueKind == JsonValueKind.Array && list.GetArrayLength() is > 0 and <= RunRequest.MaxMessages,
            Field, $"Must be a list of 1 to {RunRequest.MaxMessages} messages.");
        foreach (var (index, message) in list.EnumerateArray().Index())
        {
            var place = $"{Field}[{index.ToString(CultureInfo.InvariantCulture)}]";
            Require(message.ValueKind == JsonValueKind.Object, place, "Must be a message with id and role.");
            Add(message, Text(message, "role"), place);
        }
    }

    private void Add(JsonElement message, string? role, string place)
    {
        switch (role)
        {
            case "user":
                _answers.Clear();
                Add(new InputItem(InputKind.Message, place, Text: Content(message, place), Role: ChatRole.User));
                break;
            case "system" or "developer":
                _instructions.Add(Content(message, place));
                break;
            case "assistant":
                _answers.Clear();
                AddAnswer(message, place);
                break;
            case "tool":
                AddResult(message, place);
                break;
            case "reasoning" or "activity":
                break;
            default:
                throw new InvalidRequestException($"{place}.role", "Must be user, assistant, tool, system, developer, reasoning or activity.");
        }
    }

    private void AddAnswer(JsonElement message, string place)
    {
        LastRun = Text(message, "id")?.Split('_') is ["msg", { Length: > 0 } run, _] && Ids.IsValid($"run_{run}") ? $"run_{run}" : null;
        if (Text(message, "content") is { Length: > 0 } said)
        {
            Add(new InputItem(InputKind.Message, place, Text: said, Role: ChatRole.Assistant));
        }

        if (!message.TryGetProperty("toolCalls", out var calls) || calls.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        Require(calls.ValueKind == JsonValueKind.Array && calls.GetArrayLength() <= RunRequest.MaxMessages, $"{place}.toolCalls", $"Must be a list of at most {RunRequest.MaxMessages} calls.");
        foreach (var (index, call) in calls.EnumerateArray().Index())
        {
            var at = $"{place}.toolCalls[{index.ToString(CultureInfo.InvariantCulture)}]";
            Require(
                call.ValueKind == JsonValueKind.Object && Text(call, "id") is not null && call.TryGetProperty("function", out var function)
                && function.ValueKind == JsonValueKind.Object && Text(function, "name") is not null,
                at, "Must be a call with an id and a function.");
            function = call.GetProperty("function");
            _calls[Text(call, "id")!] = (Text(function, "name")!, Text(function, "arguments") ?? "{}");
        }
    }

    private void AddResult(JsonElement message, string place)
    {
        var id = Text(message, "toolCallId") ?? throw new InvalidRequestException($"{place}.toolCallId", "Is required.");
        var (error, content) = (Text(message, "error"), Content(message, place, mayBeEmpty: true));
        var result = error ?? content;
        if (_calls.Remove(id, out var call))
        {
            var own = $"call_h{_own.Count.ToString(CultureInfo.InvariantCulture)}";
            _own[own] = id;
            Add(new InputItem(InputKind.Call, place, own, call.Name, call.Arguments));
            Add(new InputItem(InputKind.Output, place, own, Text: result));
        }

        if (Text(message, "id")?.StartsWith(ResultPrefix, StringComparison.Ordinal) != true)
        {
            _answers.Add(new InputItem(InputKind.Output, place, id, Text: result, HasFailed: error is not null));
        }
    }

    private void Add(InputItem item)
    {
        _size += Encoding.UTF8.GetByteCount(item.Text ?? "") + Encoding.UTF8.GetByteCount(item.Name);
        Require(_size <= RunRequest.MaxInputBytes, Field, $"At most {RunRequest.MaxInputBytes / 1024} KiB of UTF-8.");
        _items.Add(item);
    }

    /// <summary>A text, or parts of which each is one.</summary>
    private static string Content(JsonElement message, string place, bool mayBeEmpty = false)
    {
        var field = $"{place}.content";
        var content = message.TryGetProperty("content", out var given) ? given : default;
        Require(content.ValueKind != JsonValueKind.Array || content.GetArrayLength() <= RunRequest.MaxMessages, field, $"At most {RunRequest.MaxMessages} parts.");
        var said = content.ValueKind == JsonValueKind.Array
            ? string.Concat(content.EnumerateArray().Index().Select(part => PartOf(part.Item, $"{field}[{part.Index.ToString(CultureInfo.InvariantCulture)}]")))
            : JsonFields.TryGetText(content, out var text) ? text : null;
        Require(said is not null && (mayBeEmpty || !string.IsNullOrWhiteSpace(said)), field, "Must be a text that is not empty, or parts of text.");
        return said!;
    }

    private static string PartOf(JsonElement part, string place)
    {
        Require(part.ValueKind == JsonValueKind.Object && Text(part, "type") == "text", $"{place}.type", "Only text is supported.");
        return Text(part, "text") ?? throw new InvalidRequestException($"{place}.text", "Must be a string.");
    }

    private static string? Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) && JsonFields.TryGetText(value, out var text) ? text : null;

    private static void Require(bool holds, string place, string message)
    {
        if (!holds)
        {
            throw new InvalidRequestException(place, message);
        }
    }
}
