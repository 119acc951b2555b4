using System.Collections.Frozen;
using System.Text.Json;
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

    /// <summary>The order that a list is asked for in; the newest first by default.</summary>
    public static bool ReadIsDescending(HttpRequest request) => request.Query["order"].ToString() switch
    {
        "" or "desc" => true,
        "asc" => false,
        _ => throw new InvalidRequestException("order", "Must be asc or desc."),
    };

    /// <summary>The agent that a request names; and after an <c>@</c>, which no id holds, the model that it is to run with.</summary>
    public static (string Agent, string? Model) ReadModel(JsonFields fields)
    {
        var named = fields.String("model");
        return string.IsNullOrEmpty(named) ? throw new InvalidRequestException("model", "Is required: the id of an agent; GET /v1/models lists them.")
            : named.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? (named[..at], named[(at + 1)..])
            : (named, null);
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

    /// <summary>A text, or parts of which each is one.</summary>
    /// <param name="name">The field of <paramref name="item"/> that has it.</param>
    public static string ReadContent(JsonElement item, string name, string field)
    {
        var content = item.TryGetProperty(name, out var given) ? given : default;
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
