using System.Globalization;
using System.Text.Json.Nodes;

namespace Yggdrasil.Models.Demo;

/// <summary>One argument of a tool.</summary>
/// <param name="Name">The property of the tool's schema.</param>
/// <param name="Type">The JSON type; null where the schema does not say.</param>
internal sealed record DemoParameter(string Name, string? Type)
{
    /// <summary>The argument that words stand for; null where words cannot be one.</summary>
    public object? Read(string words) => Type switch
    {
        null or "string" => words,
        "integer" => long.TryParse(words, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole : null,
        "number" => decimal.TryParse(
            words, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null,
        _ => null,
    };

    /// <summary>Stands for a value in an example.</summary>
    public JsonNode Sample() => Type switch
    {
        "integer" or "number" => JsonValue.Create(1),
        "boolean" => JsonValue.Create(true),
        "array" => new JsonArray(),
        "object" => new JsonObject(),
        _ => JsonValue.Create("…"),
    };
}
