using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests.OpenApi;

/// <summary>
/// Requests are read field by field, so no type says what they hold; what the app answers to a field that it does not know does: it names
/// those that it does.
/// </summary>
[Collection(SharedLocalHost.Name)]
public partial class OpenApiRequestTests(ContractFixture app)
{
    private const string Stranger = "strange_field";

    private static readonly PublishedContract Contract = PublishedContract.Instance;

    public static TheoryData<string, string> Bodies
    {
        get
        {
            var bodies = new TheoryData<string, string>();
            // OpenAI's bodies and MCP's are described by reference; OpenAITests has a row for each field, and MCP's package reads its own.
            foreach (var (_, verb, path) in HttpFunctions.All.Where(
                function => !function.Path.StartsWith("/v1/", StringComparison.Ordinal) && function.Path != "/mcp"))
            {
                if (Contract.FindPath(path) is ({ } template, var operations)
                    && operations[verb.ToLowerInvariant()]?["requestBody"]?["content"]?["application/json"]?["schema"] is not null)
                {
                    bodies.Add(verb, template);
                }
            }

            return bodies;
        }
    }

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Fields_that_the_app_knows_are_those_that_are_described(string verb, string template)
    {
        var path = Parameter().Replace(template, "x1");
        var body = Contract.FindPath(path)!.Value.Operations[verb.ToLowerInvariant()]!["requestBody"]!["content"]!["application/json"]!["schema"]!;
        var objects = new List<(string Field, JsonObject Schema, JsonObject Sent)>();
        Find(Contract.Resolve(body), "", inner => inner, objects);
        Assert.NotEmpty(objects);

        foreach (var (field, schema, sent) in objects)
        {
            using var response = await app.Http.SendJsonAsync(new HttpMethod(verb), path, sent.ToJsonString(), app.As("root", "admin"));

            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            var known = Known((await response.ReadAsync()).GetProperty("errors"), field);
            var described = schema["properties"]!.AsObject().Select(property => property.Key).Order(StringComparer.Ordinal);
            Assert.True(
                known.SequenceEqual(described),
                $"{verb} {template}: {field} takes {string.Join(", ", known)}, and described are {string.Join(", ", described)}. Mend it in {PublishedContract.Folder}.");
        }
    }

    /// <summary>Each object that a body may hold, with a body in which that object has a field that nobody knows.</summary>
    private static void Find(JsonObject schema, string place, Func<JsonObject, JsonObject> wrap, List<(string, JsonObject, JsonObject)> found)
    {
        found.Add((place + Stranger, schema, wrap(new JsonObject { [Stranger] = 1 })));
        foreach (var (name, property) in schema["properties"]!.AsObject())
        {
            foreach (var candidate in Kinds(Contract.Resolve(property!)))
            {
                if (candidate["properties"] is not null)
                {
                    Find(candidate, $"{place}{name}.", inner => wrap(new JsonObject { [name] = inner }), found);
                }
                else if (candidate["items"] is { } items && Contract.Resolve(items) is var item && item["properties"] is not null && Kinds(item).Any())
                {
                    Find(item, $"{place}{name}[0].", inner => wrap(new JsonObject { [name] = new JsonArray(inner) }), found);
                }
            }
        }
    }

    private static IEnumerable<JsonObject> Kinds(JsonObject schema) =>
        schema["oneOf"] is JsonArray kinds ? kinds.Select(kind => Contract.Resolve(kind!)).SelectMany(Kinds)
        // What takes any field refuses none.
        : schema["additionalProperties"] is JsonValue any && any.TryGetValue<bool>(out var isOpen) && isOpen ? []
        : [schema];

    private static List<string> Known(JsonElement errors, string field)
    {
        var message = errors.GetProperty(field)[0].GetString()!;
        List<string> known = [.. Fields().Match(message).Groups[1].Value.Split(", ")];

        // A batch reads its items as they come, and has no list of its fields that holds them.
        if (known is ["agent", "callback"])
        {
            known.Add("items");
        }

        return known;
    }

    [GeneratedRegex(@"Fields: ([A-Za-z, ]+)\.$")]
    private static partial Regex Fields();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();
}
