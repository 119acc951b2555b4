using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Contract.Tests;

[Collection(SharedLocalHost.Name)]
public partial class OpenApiTests(ContractFixture app)
{
    [Fact]
    public async Task Every_route_is_described_and_no_other()
    {
        var served = HttpFunctions.All.Where(function => function.Verb != "OPTIONS")
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

        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            var named = Parameter().Matches(path.Name).Select(match => match.Value.Trim('{', '}'));
            Assert.All(path.Value.EnumerateObject(), operation => Assert.Equal(
                named,
                operation.Value.TryGetProperty("parameters", out var parameters)
                    ? parameters.EnumerateArray().Where(parameter => parameter.Text("in") == "path").Select(parameter => parameter.Text("name")) : []));
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
