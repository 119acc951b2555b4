using System.Reflection;
using System.Text.Json.Nodes;

namespace Yggdrasil.Functions.Http.OpenApi;

/// <summary>The contract's source: one JSON file for each resource, in this folder and embedded in the assembly.</summary>
/// <remarks>
/// <c>document.json</c> has what all share: the frame, parameters, headers, responses and the problem. Each other file adds its paths,
/// webhooks and schemas. A name may be in one file only.
/// </remarks>
internal static class OpenApiParts
{
    public const string Frame = "document.json";

    private const string Prefix = "openapi/";
    private const string Components = "components";

    /// <summary>The files by name; the frame first, the others by the alphabet.</summary>
    public static IReadOnlyList<(string File, JsonObject Content)> Read(Assembly assembly) =>
    [
        .. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .OrderBy(name => name != Prefix + Frame)
            .ThenBy(name => name, StringComparer.Ordinal)
            .Select(name => (name[Prefix.Length..], Parse(assembly, name))),
    ];

    /// <summary>The whole document.</summary>
    /// <exception cref="InvalidOperationException">Two files say something of the same name.</exception>
    public static JsonObject Assemble(IReadOnlyList<(string File, JsonObject Content)> parts)
    {
        var document = parts[0].Content.DeepClone().AsObject();
        var components = document[Components]!.AsObject();
        foreach (var (file, content) in parts.Skip(1))
        {
            foreach (var (section, value) in content.Where(section => section.Key != Components))
            {
                Add(file, document, section, value!.AsObject());
            }

            foreach (var (kind, value) in content[Components]?.AsObject() ?? [])
            {
                Add(file, components, kind, value!.AsObject());
            }
        }

        return document;
    }

    private static void Add(string file, JsonObject parent, string section, JsonObject entries)
    {
        if (parent[section] is not JsonObject target)
        {
            parent[section] = target = [];
        }

        foreach (var (name, value) in entries)
        {
            if (!target.TryAdd(name, value!.DeepClone()))
            {
                throw new InvalidOperationException($"{file}: another file has \"{name}\" of {section} already.");
            }
        }
    }

    private static JsonObject Parse(Assembly assembly, string name)
    {
        using var stream = assembly.GetManifestResourceStream(name)!;
        return JsonNode.Parse(stream)!.AsObject();
    }
}
