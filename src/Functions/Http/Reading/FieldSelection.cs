using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Answering;

namespace Yggdrasil.Functions.Http.Reading;

/// <summary>Which fields of its documents an answer has: those that <c>?fields=id,status,…</c> names, and always the id.</summary>
/// <typeparam name="T">The document, whose own fields may be named.</typeparam>
internal sealed class FieldSelection<T>
{
    private const string Id = "id";

    private static readonly string[] Known =
        [.. ContractJson.Options.GetTypeInfo(typeof(T)).Properties.Select(property => property.Name)];

    private readonly HashSet<string> _names;

    private FieldSelection(IEnumerable<string> names) => _names = [Id, .. names];

    public bool Contains(string name) => _names.Contains(name);

    /// <param name="otherwise">Fields that are left out unless they are named.</param>
    /// <exception cref="InvalidRequestException">A field is named that documents do not have.</exception>
    public static FieldSelection<T> Read(HttpRequest request, params string[] otherwise)
    {
        if (!request.Query.TryGetValue(RequestHeaders.Fields, out var text))
        {
            return new FieldSelection<T>(Known.Except(otherwise));
        }

        var names = text.ToString().Split(',', StringSplitOptions.TrimEntries);
        return names.Except(Known).FirstOrDefault() is { } unknown
            ? throw new InvalidRequestException(RequestHeaders.Fields, $"There is no field \"{unknown}\". Fields: {string.Join(", ", Known)}.")
            : new FieldSelection<T>(names);
    }

    public JsonObject Apply(T document)
    {
        var all = JsonSerializer.SerializeToNode(document, ContractJson.Options)!.AsObject();
        foreach (var name in all.Select(field => field.Key).Where(name => !Contains(name)).ToList())
        {
            all.Remove(name);
        }

        return all;
    }
}
