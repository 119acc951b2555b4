using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Contract.Tests.OpenApi;

/// <summary>The published contract: what it describes is what there is.</summary>
[Collection(SharedLocalHost.Name)]
public partial class OpenApiTests(ContractFixture app)
{
    /// <summary>What a document costs whoever reads it, in bytes.</summary>
    private const int MaxBytes = 200_000;

    private static readonly string[] Explanations = ["summary", "description", "tags", "operationId"];

    [Fact]
    public async Task Every_route_is_described_and_no_other()
    {
        var served = HttpFunctions.All.Where(function => function.Verb is not ("OPTIONS" or "HEAD"))
            .Select(function => $"{function.Name} {function.Verb} {function.Path}").Order(StringComparer.Ordinal);

        var document = await DocumentAsync();

        var described =
            from path in document.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            select $"{operation.Value.Text("operationId")} {operation.Name.ToUpperInvariant()} {Parameter().Replace(path.Name, "x1")}";
        Assert.Equal(served, described.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task References_lead_somewhere_and_path_parameters_are_declared()
    {
        var document = await DocumentAsync();

        Assert.StartsWith("3.1", document.Text("openapi"), StringComparison.Ordinal);
        foreach (var reference in Reference().Matches(document.GetRawText()).Select(match => match.Groups[1].Value).Distinct())
        {
            var found = reference.Split('/').Aggregate((JsonElement?)document, (at, name) => at?.TryGetProperty(name, out var next) == true ? next : null);
            Assert.True(found is not null, $"#/{reference} leads nowhere.");
        }

        foreach (var path in JsonNode.Parse(document.GetRawText())!["paths"]!.AsObject())
        {
            var named = Parameter().Matches(path.Key).Select(match => match.Value.Trim('{', '}'));
            Assert.All(path.Value!.AsObject(), operation => Assert.Equal(
                named,
                (operation.Value!["parameters"]?.AsArray() ?? []).Select(parameter => PublishedContract.Instance.Resolve(parameter!))
                    .Where(parameter => (string?)parameter["in"] == "path").Select(parameter => (string?)parameter["name"])));
        }
    }

    [Fact]
    public async Task Every_operation_parameter_field_and_schema_is_explained()
    {
        var document = JsonNode.Parse((await DocumentAsync()).GetRawText())!;

        var silent = new List<string>();
        foreach (var (path, operations) in document["paths"]!.AsObject())
        {
            foreach (var (verb, operation) in operations!.AsObject())
            {
                silent.AddRange(Explanations.Where(field => operation![field] is null)
                    .Select(field => $"{verb} {path}: {field}"));
                silent.AddRange((operation!["parameters"]?.AsArray() ?? []).Select(parameter => PublishedContract.Instance.Resolve(parameter!))
                    .Where(parameter => parameter["description"] is null).Select(parameter => $"{verb} {path}: {parameter["name"]}"));
            }
        }

        foreach (var (name, schema) in document["components"]!["schemas"]!.AsObject())
        {
            Explain(name, schema!, silent);
        }

        Assert.Empty(silent);
    }

    [Fact]
    public async Task Strangers_read_it_and_what_they_have_is_not_sent_again()
    {
        using var http = new HttpClient(new ContractHandler()) { BaseAddress = app.Http.BaseAddress };
        using var first = await http.GetAsync(new Uri("/openapi.json", UriKind.Relative));
        using var again = new HttpRequestMessage(HttpMethod.Get, "/openapi.json") { Headers = { IfNoneMatch = { first.Headers.ETag! } } };
        using var second = await http.SendAsync(again);

        Assert.Equal((HttpStatusCode.OK, "application/json"), (first.StatusCode, first.Content.Headers.ContentType?.MediaType));
        Assert.InRange((await first.Content.ReadAsByteArrayAsync()).Length, 1, MaxBytes);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    /// <summary>Every field says what it is, by itself or by the schema that it refers to.</summary>
    private static void Explain(string place, JsonNode schema, List<string> silent)
    {
        if (schema["description"] is null && schema["$ref"] is null && schema["const"] is null)
        {
            silent.Add(place);
        }

        foreach (var (name, property) in schema["properties"]?.AsObject() ?? [])
        {
            // What kind of event it is, the event's own schema says.
            if (name is not "event")
            {
                Explain($"{place}.{name}", property!, silent);
            }
        }
    }

    private async Task<JsonElement> DocumentAsync()
    {
        using var response = await app.Http.GetAsync(new Uri("/openapi.json", UriKind.Relative));
        response.EnsureSuccessStatusCode();
        return await response.ReadAsync();
    }

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Parameter();

    [GeneratedRegex("\"\\$ref\":\"#/([^\"]+)\"")]
    private static partial Regex Reference();
}
