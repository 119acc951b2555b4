using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Json.Schema;

namespace Yggdrasil.Fixtures.OpenApi;

/// <summary>Holds JSON against the contract's schemas, as JSON Schema 2020-12, with properties refused that they do not name.</summary>
/// <remarks>
/// The published schemas of answers are open, so that clients of an older contract take what a newer one adds. Here they are closed: what
/// the app answers and the contract does not say is a mistake.
/// </remarks>
public sealed class ContractSchemas
{
    private const string Base = "https://contract.test/schemas";
    private const string References = "#/components/schemas/";

    private static readonly string[] Unsupported = ["allOf", "anyOf", "not", "if", "patternProperties"];

    /// <summary>The fields that say which of several kinds a line or an event is.</summary>
    private static readonly string[] Kinds = ["type", "event"];

    private readonly JsonObject _schemas;
    private readonly Dictionary<string, string> _files;
    private readonly ConcurrentDictionary<string, JsonSchema> _built = new();
    private readonly EvaluationOptions _options = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    internal ContractSchemas(JsonObject document, IReadOnlyList<(string File, JsonObject Content)> parts)
    {
        _schemas = document["components"]!["schemas"]!.AsObject();
        _files = parts.SelectMany(part => part.Content["components"]?["schemas"]?.AsObject().Select(schema => (schema.Key, part.File)) ?? [])
            .ToDictionary(pair => pair.Key, pair => pair.File);
        var all = new JsonObject { ["$id"] = Base, ["$defs"] = _schemas.DeepClone() };
        _options.SchemaRegistry.Register(Build(all));
    }

    /// <summary>Whether the contract has a schema of this name.</summary>
    public JsonObject? Find(string name) => _schemas[name]?.AsObject();

    /// <summary>The file of the contract's source that has a schema.</summary>
    public string FileOf(string name) => $"{PublishedContract.Folder}/{_files[name]}";

    /// <param name="schema">A schema of the document, with references into it.</param>
    /// <returns>What is wrong with the value, with the place to correct; empty when nothing is.</returns>
    public IReadOnlyList<string> Check(JsonNode schema, JsonNode? value)
    {
        var chosen = Choose(schema, value);
        var built = _built.GetOrAdd(chosen.ToJsonString(), _ => Build(chosen));
        EvaluationResults result;
        lock (_options)
        {
            // A schema caches what it has resolved, and tests run side by side.
            result = built.Evaluate(value, _options);
        }

        return result.IsValid
            ? []
            : [.. result.Details.Where(detail => detail.Errors is { Count: > 0 }).SelectMany(Describe).Distinct()];
    }

    /// <summary>Of several kinds of lines or events, the one whose <c>type</c> or <c>event</c> the value has: its mistakes are what matters.</summary>
    private JsonNode Choose(JsonNode schema, JsonNode? value)
    {
        if (Follow(schema)["oneOf"] is not JsonArray kinds || value is not JsonObject fields)
        {
            return schema;
        }

        var ofType = kinds.Where(kind => Kinds.Any(name =>
            Follow(kind!)["properties"]?[name] is { } property && fields[name] is { } given
            && (JsonNode.DeepEquals(property["const"], given)
                || (property["enum"] as JsonArray)?.Any(choice => JsonNode.DeepEquals(choice, given)) == true)));
        return ofType.SingleOrDefault() ?? schema;
    }

    private JsonNode Follow(JsonNode schema) =>
        (string?)schema["$ref"] is { } reference ? _schemas[reference[References.Length..]]! : schema;

    private IEnumerable<string> Describe(EvaluationResults detail)
    {
        var place = Place(detail);
        var isUndescribed = detail.EvaluationPath.ToString().EndsWith("/additionalProperties", StringComparison.Ordinal);
        foreach (var (keyword, message) in detail.Errors!)
        {
            yield return isUndescribed
                ? $"{detail.InstanceLocation} is not described: add it to {place} under properties."
                : $"{detail.InstanceLocation}: {keyword} {message} ({place})";
        }
    }

    /// <summary>The schema's name and file, with the way within it.</summary>
    private string Place(EvaluationResults detail)
    {
        var segments = detail.SchemaLocation.Fragment.TrimStart('#').Split('/', StringSplitOptions.RemoveEmptyEntries);
        return segments is ["$defs", var name, ..] && _files.ContainsKey(name)
            ? $"components.{string.Join('.', ["schemas", .. segments.Skip(1).Where(segment => segment != "additionalProperties")])} in {FileOf(name)}"
            : "the operation's own schema";
    }

    private static JsonSchema Build(JsonNode schema)
    {
        var closed = schema.DeepClone();
        Close(closed);
        return JsonSchema.FromText(closed.ToJsonString().Replace(References, $"{Base}#/$defs/", StringComparison.Ordinal));
    }

    private static void Close(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
            {
                Close(item);
            }
        }
        else if (node is JsonObject schema)
        {
            foreach (var (name, value) in schema.ToList())
            {
                if (Unsupported.Contains(name) && value is not null)
                {
                    throw new NotSupportedException($"The contract's schemas do without {name}: clients are generated from them.");
                }

                Close(value);
            }

            if (schema["properties"] is JsonObject && (string?)schema["type"] == "object" && !schema.ContainsKey("additionalProperties"))
            {
                schema["additionalProperties"] = false;
            }
        }
    }
}
