using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Functions.Http.Runs;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>What becomes of each field of a request: it is read, ignored, taken where it changes nothing, or refused by name.</summary>
/// <param name="Read">Fields that mean something here.</param>
/// <param name="Ignored">Hints that change no answer.</param>
/// <param name="Inert">Fields of which only values that change nothing are taken.</param>
/// <param name="Refused">Fields of OpenAI's that are not supported.</param>
internal sealed record FieldTable(
    FrozenSet<string> Read, FrozenSet<string> Ignored, FrozenDictionary<string, Func<JsonElement, bool>> Inert, FrozenSet<string> Refused);

/// <summary>Reads what requests of both protocols have in common.</summary>
internal static class OpenAIFields
{
    /// <summary>The largest body, in bytes: callers send whole histories.</summary>
    public const int MaxBodyBytes = 8 * 1024 * 1024;

    private const string Unsupported = "unsupported_parameter";

    /// <exception cref="InvalidRequestException">The body is no object, or has a field that is unknown or not supported.</exception>
    /// <returns>The fields, and the body as it was sent.</returns>
    public static async Task<(JsonFields Fields, ReadOnlyMemory<byte> Sent)> ReadAsync(HttpRequest request, FieldTable table)
    {
        var sent = await RequestBody.ReadAsync(request, MaxBodyBytes);
        var body = RequestBody.ParseObject(sent);
        foreach (var field in body.EnumerateObject().Where(field => field.Value.ValueKind != JsonValueKind.Null && !table.Read.Contains(field.Name)))
        {
            if (table.Inert.TryGetValue(field.Name, out var isInert))
            {
                Require(isInert(field.Value), field.Name, "This value is not supported.");
            }
            else if (!table.Ignored.Contains(field.Name))
            {
                throw table.Refused.Contains(field.Name)
                    ? Refuse(field.Name, "This field is not supported: leave it out.")
                    : new InvalidRequestException(field.Name, "There is no such field.") { Reason = "unknown_parameter" };
            }
        }

        return (new JsonFields(body, new FieldErrors()), sent);
    }

    public static bool IsNumber(JsonElement value, double number) => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var given) && given == number;

    public static bool IsEmpty(JsonElement value) =>
        value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 0 || value is { ValueKind: JsonValueKind.Object } pairs && pairs.GetPropertyCount() == 0;

    public static bool IsText(JsonElement value, params string[] texts) => JsonFields.TryGetText(value, out var text) && texts.Contains(text);

    public static InvalidRequestException Refuse(string field, string message) => new(field, message) { Reason = Unsupported };

    public static void Require(bool holds, string field, string message)
    {
        if (!holds)
        {
            throw Refuse(field, message);
        }
    }

    /// <summary>The agent that a request names.</summary>
    public static string ReadModel(JsonFields fields)
    {
        var model = fields.String("model");
        return string.IsNullOrEmpty(model)
            ? throw new InvalidRequestException("model", "Is required: the id of an agent; GET /v1/models lists them.")
            : model;
    }

    /// <exception cref="InvalidRequestException">A tool is not one that is inert here.</exception>
    public static void ReadTools(JsonFields fields)
    {
        if (fields.Get("tools") is not { } tools)
        {
            return;
        }

        if (tools.ValueKind != JsonValueKind.Array || tools.GetArrayLength() > AgentValidator.MaxTools)
        {
            throw new InvalidRequestException("tools", $"Must be a list of at most {AgentValidator.MaxTools} tools.");
        }

        foreach (var (index, tool) in tools.EnumerateArray().Index())
        {
            // The agent's own tools are said to be of this server, so clients name it to answer for them.
            Require(
                tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("type", out var type) && IsText(type, "mcp")
                    && tool.TryGetProperty("server_label", out var label) && IsText(label, ResponseItems.ServerLabel),
                $"tools[{index}]", "Tools of the caller are not supported: the agent has its own.");
        }
    }

    public static ToolChoice? ReadToolChoice(JsonFields fields)
    {
        var choice = fields.Get("tool_choice");
        Require(choice is null || IsText(choice.Value, "auto", "none"), "tool_choice", "Must be auto or none.");
        return choice is null || IsText(choice.Value, "auto") ? null : ToolChoice.None;
    }

    public static EffortLevel? ReadEffort(string? effort, string field) => effort switch
    {
        null => null,
        "minimal" => EffortLevel.Low,
        _ => Enum.TryParse<EffortLevel>(effort, ignoreCase: true, out var level) && !char.IsAsciiDigit(effort[0]) && level.ToString().Equals(effort, StringComparison.OrdinalIgnoreCase)
            ? level
            : throw new InvalidRequestException(field, "Must be none, minimal, low, medium, high or xhigh."),
    };

    /// <summary>The schema that an answer is to have; null for text.</summary>
    /// <param name="format">With a <c>type</c>; what belongs to it is in <paramref name="inner"/>, or in itself.</param>
    public static JsonElement? ReadSchema(JsonElement? format, string field, string? inner)
    {
        if (format is not { ValueKind: JsonValueKind.Object } given || !given.TryGetProperty("type", out var type))
        {
            Require(format is null, field, "Must be an object with a type.");
            return null;
        }

        if (IsText(type, "text"))
        {
            return null;
        }

        Require(IsText(type, "json_schema"), $"{field}.type", "Must be text or json_schema.");
        return (inner is null || given.TryGetProperty(inner, out given)) && given.ValueKind == JsonValueKind.Object
            && given.TryGetProperty("schema", out var schema) && schema.ValueKind == JsonValueKind.Object
            ? schema
            : throw new InvalidRequestException(field, "A json_schema needs its schema.");
    }

    /// <summary>Messages as the model is shown them; what stands as a system's or developer's goes to the instructions.</summary>
    public static (List<ChatMessage> Messages, string? Instructions) ReadMessages(JsonElement list, string field, string? instructions)
    {
        List<ChatMessage> messages = [];
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

            if (item.TryGetProperty("type", out var type) && IsText(type, "reasoning"))
            {
                continue;
            }

            Require(type.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null || IsText(type, "message"), $"{place}.type", "Only messages are supported.");
            Require(!item.TryGetProperty("tool_calls", out var calls) || calls.ValueKind == JsonValueKind.Null || IsEmpty(calls), $"{place}.tool_calls", "Tools of the caller are not supported.");
            var role = item.TryGetProperty("role", out var named) && JsonFields.TryGetText(named, out var text) ? text : "";
            Require(role is "user" or "assistant" or "system" or "developer", $"{place}.role", "Must be user, assistant, system or developer.");
            var content = ReadContent(item, $"{place}.content");
            if (role is "system" or "developer")
            {
                said.Add(content);
            }
            else
            {
                messages.Add(new ChatMessage(role == "user" ? ChatRole.User : ChatRole.Assistant, content));
            }
        }

        if (messages is not [.., { Role: var last }] || last != ChatRole.User)
        {
            throw new InvalidRequestException(field, "Must end with a user message.");
        }

        return messages.Sum(message => System.Text.Encoding.UTF8.GetByteCount(message.Text)) > RunRequest.MaxInputBytes
            ? throw new InvalidRequestException(field, $"At most {RunRequest.MaxInputBytes / 1024} KiB of UTF-8.")
            : (messages, said.Count == 0 ? null : string.Join("\n\n", said));
    }

    /// <summary>A text, or parts of which each is one.</summary>
    private static string ReadContent(JsonElement message, string field)
    {
        var content = message.TryGetProperty("content", out var given) ? given : default;
        var whole = content.ValueKind == JsonValueKind.Array && content.GetArrayLength() <= RunRequest.MaxMessages
            ? string.Concat(content.EnumerateArray().Index().Select(part => ReadPart(part.Item, $"{field}[{part.Index}]")))
            : JsonFields.TryGetText(content, out var text) ? text : null;
        return !string.IsNullOrWhiteSpace(whole)
            ? whole
            : throw new InvalidRequestException(field, "Must be a text that is not empty, or parts of text.");
    }

    private static string ReadPart(JsonElement part, string field)
    {
        Require(
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out var type) && IsText(type, "text", "input_text", "output_text", "refusal"),
            $"{field}.type", "Only text is supported.");
        return (part.TryGetProperty("text", out var value) || part.TryGetProperty("refusal", out value)) && JsonFields.TryGetText(value, out var text)
            ? text
            : throw new InvalidRequestException($"{field}.text", "Must be a string.");
    }
}
