using System.Text.Json.Nodes;

namespace Yggdrasil.Infra.Tests.Bicep;

/// <summary>Reads predicted resources.</summary>
internal static class PredictedResource
{
    public static string Type(this JsonObject resource) => resource["type"]!.GetValue<string>();

    public static string Name(this JsonObject resource) => resource["name"]!.GetValue<string>();

    public static IEnumerable<JsonObject> OfType(this IEnumerable<JsonObject> resources, string type) =>
        resources.Where(resource => resource.Type() == type);

    public static JsonObject Single(this IEnumerable<JsonObject> resources, string type) => resources.OfType(type).Single();

    /// <summary>A value by its path, such as <c>properties.sku.name</c>; as text, and null if there is none.</summary>
    public static string? At(this JsonObject resource, string path)
    {
        JsonNode? node = resource;
        foreach (var part in path.Split('.'))
        {
            node = int.TryParse(part, out var index) ? node?.AsArray().ElementAtOrDefault(index) : node?.AsObject()[part];
        }

        return node?.ToString();
    }
}
