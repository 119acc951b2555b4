using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Yggdrasil.Models.Demo;

/// <summary>Puts an answer into the form a JSON schema asks for: text into strings, its last number into numbers.</summary>
/// <remarks>Knows the keywords that ordinary response schemas are made of; patterns and references it does not.</remarks>
internal sealed class DemoStructuredAnswer
{
    // Schemas nest at most 32 deep by contract; a hand-made one could still nest properties without end.
    private const int MaxDepth = 32;

    // Ten arrays of ten items each, one within the other, are ten thousand million items.
    private const int MaxNodes = 1000;

    private static readonly Regex Number = new(
        @"-?\d+(?:\.\d+)?", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);

    private int _nodes;

    private DemoStructuredAnswer()
    {
    }

    public static string Write(JsonElement schema, string answer) =>
        new DemoStructuredAnswer().Instance(schema, answer, depth: 0)?.ToJsonString() ?? "null";

    private JsonNode? Instance(JsonElement schema, string answer, int depth)
    {
        if (++_nodes > MaxNodes || depth > MaxDepth || schema.ValueKind != JsonValueKind.Object)
        {
            return JsonValue.Create(answer);
        }

        if (Given(schema) is { } given)
        {
            return JsonNode.Parse(given.GetRawText());
        }

        foreach (var alternatives in new[] { "anyOf", "oneOf" })
        {
            if (schema.TryGetProperty(alternatives, out var list) && First(list) is { } first)
            {
                return Instance(first, answer, depth + 1);
            }
        }

        return TypeOf(schema) switch
        {
            "object" => Object(schema, answer, depth),
            "array" => Array(schema, answer, depth),
            "integer" => JsonValue.Create((long)Bounded(schema, LastNumber(answer))),
            "number" => JsonValue.Create(Bounded(schema, LastNumber(answer))),
            "boolean" => JsonValue.Create(true),
            "null" => null,
            _ => JsonValue.Create(Shortened(schema, answer)),
        };
    }

    private static JsonElement? Given(JsonElement schema) =>
        schema.TryGetProperty("const", out var constant) ? constant
        : schema.TryGetProperty("enum", out var values) ? First(values)
        : null;

    private static JsonElement? First(JsonElement list) =>
        list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0 ? list[0] : null;

    private static string? TypeOf(JsonElement schema) =>
        DemoSchema.TypeOf(schema) ?? (!schema.TryGetProperty("type", out _) && schema.TryGetProperty("properties", out _) ? "object" : null);

    private JsonObject Object(JsonElement schema, string answer, int depth)
    {
        var instance = new JsonObject();
        if (schema.TryGetProperty("properties", out var properties) && properties.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in properties.EnumerateObject())
            {
                instance[property.Name] = Instance(property.Value, answer, depth + 1);
            }
        }

        return instance;
    }

    private JsonArray Array(JsonElement schema, string answer, int depth)
    {
        var item = schema.TryGetProperty("items", out var items) ? items : default;
        var count = Math.Clamp(Whole(schema, "minItems") ?? 1, 1, 10);
        var array = new JsonArray();
        for (var index = 0; index < count && _nodes < MaxNodes; index++)
        {
            array.Add(Instance(item, answer, depth + 1));
        }

        return array;
    }

    private static string Shortened(JsonElement schema, string answer) =>
        Whole(schema, "maxLength") is { } longest && answer.Length > longest ? answer[..longest] : answer;

    private static int? Whole(JsonElement schema, string keyword) =>
        Limit(schema, keyword) is >= 0 and <= int.MaxValue and { } number ? (int)number : null;

    private static double LastNumber(string answer) =>
        Number.Matches(answer) is { Count: > 0 } numbers
        && double.TryParse(numbers[^1].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? Math.Clamp(number, long.MinValue / 2, long.MaxValue / 2)
            : 0;

    private static double Bounded(JsonElement schema, double number)
    {
        var least = Limit(schema, "minimum") ?? double.MinValue;
        var most = Limit(schema, "maximum") ?? double.MaxValue;
        return Math.Max(least, Math.Min(most, number));
    }

    private static double? Limit(JsonElement schema, string keyword) =>
        schema.TryGetProperty(keyword, out var value) && value.ValueKind == JsonValueKind.Number
            ? value.GetDouble()
            : null;
}
