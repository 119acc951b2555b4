using System.Text.Json.Nodes;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>Rewrites what NJsonSchema does not understand in a schema, or silently leaves out, into what it does.</summary>
/// <remarks>
/// <c>const</c> becomes an <c>enum</c> of one; <c>true</c> and <c>false</c> in the place of a schema become one; a reference at
/// the root, as generators write it for recursive types, moves into an <c>allOf</c>; at most 0 items or properties, where 0 is
/// read as no limit, becomes <c>not</c> at least 1. A type that JSON does not have is refused: it would be left out, and anything
/// would pass.
/// </remarks>
internal static class SchemaText
{
    /// <summary>The types of JSON.</summary>
    internal static readonly string[] Types = ["array", "boolean", "integer", "null", "number", "object", "string"];
    private static readonly string[] Additional = ["additionalItems", "additionalProperties"];
    private static readonly string[] Schemas = ["items", "not"];
    private static readonly string[] Lists = ["allOf", "anyOf", "items", "oneOf"];
    private static readonly string[] Maps = ["$defs", "definitions", "properties"];

    /// <exception cref="FormatException">It is not a schema.</exception>
    public static string Prepare(string schema)
    {
        if (JsonNode.Parse(schema) is not JsonObject root)
        {
            throw new FormatException("A schema is a JSON object.");
        }

        Rewrite(root);
        if (root.Remove("$ref", out var reference))
        {
            var all = root["allOf"] as JsonArray ?? [];
            all.Add(new JsonObject { ["$ref"] = reference });
            root["allOf"] = all;
        }

        return root.ToJsonString();
    }

    private static void Rewrite(JsonObject schema)
    {
        if (schema["type"] is { } type && !(type is JsonArray several ? several : [type.DeepClone()]).All(IsType))
        {
            throw new FormatException("A type is none of JSON's.");
        }

        if (schema.Remove("const", out var constant))
        {
            schema["enum"] = new JsonArray(constant);
        }

        Exclude(schema, "maxItems", "array", "minItems");
        Exclude(schema, "maxProperties", "object", "minProperties");

        // Here true and false are understood, and an error says so.
        foreach (var inner in Additional.Select(keyword => schema[keyword]).OfType<JsonObject>())
        {
            Rewrite(inner);
        }

        foreach (var keyword in Schemas)
        {
            Rewrite(schema, keyword);
        }

        foreach (var list in Lists.Select(keyword => schema[keyword]).OfType<JsonArray>())
        {
            for (var index = 0; index < list.Count; index++)
            {
                if (Rewritten(list[index]) is var rewritten && rewritten != list[index])
                {
                    list[index] = rewritten;
                }
            }
        }

        foreach (var map in Maps.Select(keyword => schema[keyword]).OfType<JsonObject>())
        {
            foreach (var name in map.Select(property => property.Key).ToList())
            {
                Rewrite(map, name);
            }
        }
    }

    private static void Exclude(JsonObject schema, string limit, string type, string least)
    {
        if (schema[limit] is JsonValue value && value.TryGetValue<decimal>(out var most) && most == 0)
        {
            schema.Remove(limit);
            var all = schema["allOf"] as JsonArray ?? [];
            all.Add(new JsonObject { ["not"] = new JsonObject { ["type"] = type, [least] = 1 } });
            schema["allOf"] = all;
        }
    }

    private static bool IsType(JsonNode? type) => type is JsonValue value && value.TryGetValue<string>(out var name) && Types.Contains(name);

    private static void Rewrite(JsonObject parent, string name)
    {
        if (Rewritten(parent[name]) is var rewritten && rewritten != parent[name])
        {
            parent[name] = rewritten;
        }
    }

    private static JsonNode? Rewritten(JsonNode? schema)
    {
        switch (schema)
        {
            case JsonObject inner:
                Rewrite(inner);
                return inner;
            case JsonValue value when value.TryGetValue<bool>(out var passes):
                return passes ? new JsonObject() : new JsonObject { ["not"] = new JsonObject() };
            default:
                return schema;
        }
    }
}
