using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Yggdrasil.Functions.Http.OpenApi;

namespace Yggdrasil.Fixtures.OpenApi;

/// <summary>The published contract, read from its source, and what it says of a request.</summary>
public sealed partial class PublishedContract
{
    /// <summary>Where the source is, for messages.</summary>
    public const string Folder = "src/Functions/Http/OpenApi";

    private readonly JsonObject _document;
    private readonly List<(Regex Path, string Template, JsonObject Operations)> _paths;

    private PublishedContract()
    {
        var parts = OpenApiParts.Read(typeof(PublishedContract).Assembly);
        _document = OpenApiParts.Assemble(parts);
        Schemas = new ContractSchemas(_document, parts);

        // The template with the fewest parameters goes first, as routing has it.
        _paths = [.. _document["paths"]!.AsObject()
            .OrderBy(path => path.Key.Count(c => c == '{'))
            .Select(path => (Pattern(path.Key), path.Key, path.Value!.AsObject()))];
    }

    public static PublishedContract Instance { get; } = new();

    public ContractSchemas Schemas { get; }

    /// <summary>The whole document.</summary>
    public string ToJson() => _document.ToJsonString();

    /// <summary>What is described of a path, with its template; null where nothing is.</summary>
    public (string Template, JsonObject Operations)? FindPath(string path)
    {
        var found = _paths.FirstOrDefault(candidate => candidate.Path.IsMatch(path));
        return found.Path is null ? null : (found.Template, found.Operations);
    }

    /// <summary>The object itself, or the one that its <c>$ref</c> leads to.</summary>
    public JsonObject Resolve(JsonNode node)
    {
        if ((string?)node["$ref"] is not { } reference)
        {
            return node.AsObject();
        }

        return reference.Split('/').Skip(1).Aggregate((JsonNode)_document, (at, name) => at[name]!).AsObject();
    }

    private static Regex Pattern(string template) =>
        new($"^{Parameter().Replace(Regex.Escape(template).Replace("}", "\\}", StringComparison.Ordinal), "[^/]+")}$", RegexOptions.CultureInvariant);

    [GeneratedRegex(@"\\\{[^}]*\\\}")]
    private static partial Regex Parameter();
}
