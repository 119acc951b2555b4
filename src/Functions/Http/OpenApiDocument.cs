using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker;

namespace Yggdrasil.Functions.Http;

/// <summary>The contract as OpenAPI 3.1: openapi.json, with those of its operations that this app serves.</summary>
/// <remarks>An operation's id is the name of its function; a test compares the two.</remarks>
internal static class OpenApiDocument
{
    private const string Resource = "openapi.json";

    private static readonly Lazy<string> Document = new(Create);

    public static string Text => Document.Value;

    private static string Create()
    {
        using var stream = typeof(OpenApiDocument).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The assembly has no resource {Resource}.");
        var document = JsonNode.Parse(stream)!.AsObject();
        var served = typeof(OpenApiDocument).Assembly.GetExportedTypes()
            .SelectMany(type => type.GetMethods())
            .Select(method => method.GetCustomAttribute<FunctionAttribute>()?.Name)
            .ToHashSet();
        var paths = document["paths"]!.AsObject();
        foreach (var (path, operations) in paths.ToList())
        {
            foreach (var (verb, operation) in operations!.AsObject().ToList())
            {
                if (!served.Contains((string?)operation!["operationId"]))
                {
                    operations.AsObject().Remove(verb);
                }
            }

            if (operations.AsObject().Count == 0)
            {
                paths.Remove(path);
            }
        }

        return document.ToJsonString();
    }
}
