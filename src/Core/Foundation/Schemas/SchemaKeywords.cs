using System.Text.Json;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>Holds the keywords of a schema against their own rules (JSON Schema 2020-12), most of which the reader of schemas takes as it finds them.</summary>
internal sealed class SchemaKeywords
{
    private const int MaxPatterns = 200;
    private const int MaxNameLength = 60;

    private static readonly Dictionary<string, (Func<JsonElement, bool> Holds, string Rule)> Rules = new(StringComparer.Ordinal)
    {
        ["multipleOf"] = (value => Number(value) > 0, "must be a number greater than 0"),
        ["minimum"] = (IsNumber, "must be a number"),
        ["maximum"] = (IsNumber, "must be a number"),

        // Draft 4 had true and false here, and generators of its time still write them.
        ["exclusiveMinimum"] = (value => IsNumber(value) || IsBoolean(value), "must be a number"),
        ["exclusiveMaximum"] = (value => IsNumber(value) || IsBoolean(value), "must be a number"),
        ["minLength"] = Count, ["maxLength"] = Count, ["minItems"] = Count, ["maxItems"] = Count,
        ["minProperties"] = Count, ["maxProperties"] = Count, ["minContains"] = Count, ["maxContains"] = Count,
        ["uniqueItems"] = (IsBoolean, "must be true or false"),
        ["title"] = Text, ["description"] = Text, ["format"] = Text, ["$id"] = Text, ["$schema"] = Text, ["$comment"] = Text,
        ["type"] = (IsType, $"must be one or several of {string.Join(", ", SchemaText.Types)}"),
        ["enum"] = (value => value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0, "must be a list of at least one value"),
        ["required"] = (value => IsListOfNames(value), "must be a list of names, each of them once"),
        ["patternProperties"] = (_ => false, "is not supported"),
    };

    private static readonly string[] Schemas =
        ["additionalItems", "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties"];

    private static readonly string[] Lists = ["allOf", "anyOf", "oneOf", "prefixItems"];
    private static readonly string[] Maps = ["$defs", "definitions", "dependentSchemas", "properties"];

    private readonly JsonElement _root;
    private int _patterns;

    private SchemaKeywords(JsonElement root) => _root = root;

    private static (Func<JsonElement, bool> Holds, string Rule) Count =>
        (value => JsonIntegers.TryRead(value, out var count) && count is >= 0 and <= int.MaxValue, $"must be an integer from 0 to {int.MaxValue}");

    private static (Func<JsonElement, bool> Holds, string Rule) Text => (value => value.ValueKind == JsonValueKind.String, "must be a text");

    /// <summary>The first keyword that is not as it has to be, and the rule; null where there is none.</summary>
    /// <param name="schema">An object, as deep as JSON is read here.</param>
    public static string? FindFault(JsonElement schema) => new SchemaKeywords(schema).Find(schema, "");

    private string? Find(JsonElement schema, string place)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return null;
        }

        if (schema.ValueKind != JsonValueKind.Object)
        {
            return $"{place}: must be a schema: an object, true or false.";
        }

        foreach (var keyword in schema.EnumerateObject())
        {
            if (FindIn(keyword.Name, keyword.Value, place.Length == 0 ? keyword.Name : $"{place}.{keyword.Name}") is { } fault)
            {
                return fault;
            }
        }

        return null;
    }

    private string? FindIn(string keyword, JsonElement value, string place) => keyword switch
    {
        _ when Rules.TryGetValue(keyword, out var rule) => rule.Holds(value) ? null : $"{place}: {rule.Rule}.",
        "pattern" => FindInPattern(value, place),
        "$ref" => FindInReference(value, place),
        "items" when value.ValueKind == JsonValueKind.Array => FindInList(value, place, least: 0),
        _ when Schemas.Contains(keyword) => Find(value, place),
        _ when Lists.Contains(keyword) => FindInList(value, place, least: 1),
        _ when Maps.Contains(keyword) => FindInMap(value, place),
        _ => null,
    };

    private string? FindInList(JsonElement list, string place, int least) =>
        list.ValueKind != JsonValueKind.Array || list.GetArrayLength() < least
            ? $"{place}: must be a list of {(least == 0 ? "" : "at least one of ")}schemas."
            : list.EnumerateArray().Index().Select(item => Find(item.Item, $"{place}[{item.Index}]")).FirstOrDefault(fault => fault is not null);

    private string? FindInMap(JsonElement map, string place) => map.ValueKind != JsonValueKind.Object
        ? $"{place}: must be an object of schemas."
        : map.EnumerateObject().Select(one => Find(one.Value, $"{place}.{Shorten(one.Name)}")).FirstOrDefault(fault => fault is not null);

    private string? FindInPattern(JsonElement value, string place)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return $"{place}: must be a text.";
        }

        if (++_patterns > MaxPatterns)
        {
            return $"{place}: a schema may have {MaxPatterns} patterns.";
        }

        try
        {
            SchemaPatterns.Read(value.GetString()!);
            return null;
        }
        catch (Exception fault) when (fault is ArgumentException or NotSupportedException or InvalidOperationException)
        {
            return $"{place}: must be a regular expression of at most {SchemaPatterns.MaxLength} characters that needs no backtracking and is not too large when its repetitions are written out.";
        }
    }

    private string? FindInReference(JsonElement value, string place)
    {
        HashSet<string> followed = [];
        while (value.ValueKind == JsonValueKind.String && followed.Add(value.GetString()!))
        {
            if (Resolve(value.GetString()!) is not { } target)
            {
                return $"{place}: must lead to a part of this schema, as in #/$defs/name.";
            }

            if (target.ValueKind != JsonValueKind.Object || !target.TryGetProperty("$ref", out value))
            {
                return null;
            }
        }

        return value.ValueKind == JsonValueKind.String ? $"{place}: leads round in circles." : $"{place}: must be a text.";
    }

    /// <summary>A part of the schema by its JSON pointer (RFC 6901 section 6).</summary>
    private JsonElement? Resolve(string reference)
    {
        if (reference is not ['#', .. var pointer] || pointer is not ("" or ['/', ..]))
        {
            return null;
        }

        var part = _root;
        foreach (var token in Uri.UnescapeDataString(pointer).Split('/').Skip(1))
        {
            var name = token.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (part.ValueKind == JsonValueKind.Array && int.TryParse(name, out var index) && index >= 0 && index < part.GetArrayLength())
            {
                part = part[index];
            }
            else if (part.ValueKind != JsonValueKind.Object || !part.TryGetProperty(name, out part))
            {
                return null;
            }
        }

        return part.ValueKind is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False ? part : null;
    }

    private static bool IsNumber(JsonElement value) => Number(value) is not null;

    private static double? Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number) ? number : null;

    private static bool IsBoolean(JsonElement value) => value.ValueKind is JsonValueKind.True or JsonValueKind.False;

    private static bool IsType(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? value.GetArrayLength() > 0 && IsListOfNames(value) && value.EnumerateArray().All(IsType)
        : value.ValueKind == JsonValueKind.String && SchemaText.Types.Contains(value.GetString());

    private static bool IsListOfNames(JsonElement value) => value.ValueKind == JsonValueKind.Array
        && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
        && value.EnumerateArray().Select(item => item.GetString()).Distinct(StringComparer.Ordinal).Count() == value.GetArrayLength();

    private static string Shorten(string name) => name.Length <= MaxNameLength ? name : name[..MaxNameLength] + "…";
}
