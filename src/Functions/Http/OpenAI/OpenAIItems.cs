using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;
using Yggdrasil.Functions.Http.Segments;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>What a request says: the items of its history, and instructions.</summary>
internal sealed record OpenAIInput(IReadOnlyList<InputItem> Items, string? Instructions)
{
    /// <summary>The answers that it ends with.</summary>
    public IReadOnlyList<InputItem> Answers => [.. Items.Reverse().TakeWhile(item => item.IsAnswer).Reverse()];

    public static OpenAIInput OfText(string text, string? instructions) => new([new InputItem(InputKind.Message, "input", Text: text, Role: ChatRole.User)], instructions);
}

/// <summary>Reads the items of a request, of both protocols.</summary>
internal static class OpenAIItems
{
    private const int MaxIdLength = 128;

    /// <exception cref="InvalidRequestException">An item is not valid; it is named.</exception>
    public static OpenAIInput Read(JsonElement list, string field, string? instructions)
    {
        List<InputItem> items = [];
        List<string> said = instructions is { Length: > 0 } ? [instructions] : [];
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > RunRequest.MaxMessages)
        {
            throw new InvalidRequestException(field, $"Must be a list of 1 to {RunRequest.MaxMessages} messages.");
        }

        foreach (var (index, item) in list.EnumerateArray().Index())
        {
            var place = $"{field}[{index}]";
            if (item.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidRequestException(place, "Must be an object.");
            }

            ReadItem(item, place, items, said);
        }

        return items.Sum(Size) > RunRequest.MaxInputBytes
            ? throw new InvalidRequestException(field, $"At most {RunRequest.MaxInputBytes / 1024} KiB of UTF-8.")
            : new OpenAIInput(items, said.Count == 0 ? null : string.Join("\n\n", said));
    }

    private static int Size(InputItem item) =>
        Encoding.UTF8.GetByteCount(item.Text ?? "") + Encoding.UTF8.GetByteCount(item.Result ?? "") + Encoding.UTF8.GetByteCount(item.Name);

    private static void ReadItem(JsonElement item, string place, List<InputItem> items, List<string> said)
    {
        switch (OpenAITools.TypeOf(item))
        {
            case null or "message":
                ReadMessage(item, place, items, said);
                break;
            case "reasoning" or "mcp_list_tools" or "mcp_approval_request":
                break;
            case "function_call":
                items.Add(new InputItem(InputKind.Call, place, Id(item, "call_id", place), Text(item, "name", place), OptionalText(item, "arguments", place)));
                break;
            case "function_call_output":
                items.Add(new InputItem(InputKind.Output, place, Id(item, "call_id", place), Text: Output(item, "output", place)));
                break;
            case "mcp_call":
                items.Add(new InputItem(
                    InputKind.OwnCall, place, Id(item, "id", place), OptionalText(item, "name", place) ?? "", OptionalText(item, "arguments", place),
                    Result: OptionalText(item, "output", place)));
                break;
            case "mcp_approval_response":
                OpenAIFields.Require(
                    item.TryGetProperty("approve", out var approve) && approve.ValueKind is JsonValueKind.True or JsonValueKind.False, $"{place}.approve", "Is required: true or false.");
                items.Add(new InputItem(
                    InputKind.Approval, place, Id(item, "approval_request_id", place), Text: OptionalText(item, "reason", place), Approves: approve.GetBoolean()));
                break;
            case "item_reference":
                items.Add(new InputItem(InputKind.Reference, place, Id(item, "id", place)));
                break;
            default:
                throw OpenAIFields.Refuse($"{place}.type", "Items of this type are not supported.");
        }
    }

    private static void ReadMessage(JsonElement item, string place, List<InputItem> items, List<string> said)
    {
        var role = item.TryGetProperty("role", out var named) && JsonFields.TryGetText(named, out var text) ? text : "";
        OpenAIFields.Require(role is "user" or "assistant" or "system" or "developer" or "tool", $"{place}.role", "Must be user, assistant, system, developer or tool.");
        if (role == "tool")
        {
            items.Add(new InputItem(InputKind.Output, place, Id(item, "tool_call_id", place), Text: Output(item, "content", place)));
            return;
        }

        var hasCalls = item.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array && calls.GetArrayLength() > 0;
        if (!hasCalls || (item.TryGetProperty("content", out var given) && !IsNothing(given)))
        {
            var content = OpenAIFields.ReadContent(item, "content", $"{place}.content");
            if (role is "system" or "developer")
            {
                said.Add(content);
            }
            else
            {
                items.Add(new InputItem(InputKind.Message, place, Text: content, Role: role == "user" ? ChatRole.User : ChatRole.Assistant));
            }
        }

        if (hasCalls)
        {
            OpenAIFields.Require(calls.GetArrayLength() <= RunRequest.MaxMessages, $"{place}.tool_calls", $"At most {RunRequest.MaxMessages} calls.");
            items.AddRange(calls.EnumerateArray().Index().Select(call => ReadChatCall(call.Item, $"{place}.tool_calls[{call.Index.ToString(CultureInfo.InvariantCulture)}]")));
        }
    }

    private static bool IsNothing(JsonElement content) => content.ValueKind == JsonValueKind.Null || (JsonFields.TryGetText(content, out var text) && text.Length == 0);

    private static InputItem ReadChatCall(JsonElement call, string place)
    {
        OpenAIFields.Require(
            OpenAITools.TypeOf(call) is "function" && call.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object,
            $"{place}.function", "Is required: calls of functions are supported.");
        function = call.GetProperty("function");
        return new InputItem(
            InputKind.Call, place, Id(call, "id", place), Text(function, "name", $"{place}.function"), OptionalText(function, "arguments", $"{place}.function"));
    }

    /// <summary>A text, or parts of text, or nothing.</summary>
    private static string Output(JsonElement item, string field, string place) =>
        !item.TryGetProperty(field, out var value) ? throw new InvalidRequestException($"{place}.{field}", "Is required.")
        : IsNothing(value) ? ""
        : OpenAIFields.ReadContent(item, field, $"{place}.{field}");

    private static string Id(JsonElement item, string field, string place)
    {
        var id = Text(item, field, place);
        return id.Length is > 0 and <= MaxIdLength && id.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')
            ? id
            : throw new InvalidRequestException($"{place}.{field}", $"An id has 1 to {MaxIdLength} characters of letters, digits, _ and -.");
    }

    private static string Text(JsonElement item, string field, string place) =>
        OptionalText(item, field, place) ?? throw new InvalidRequestException($"{place}.{field}", "Is required.");

    private static string? OptionalText(JsonElement item, string field, string place) =>
        !item.TryGetProperty(field, out var value) || value.ValueKind == JsonValueKind.Null ? null
        : JsonFields.TryGetText(value, out var text) ? text
        : throw new InvalidRequestException($"{place}.{field}", "Must be a string.");
}
