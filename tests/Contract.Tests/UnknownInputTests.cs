using System.Net;

namespace Yggdrasil.Contract.Tests;

/// <summary>What a route does not know it refuses by name, on every route: something misspelt is never silently left out.</summary>
[Collection(SharedLocalHost.Name)]
public class UnknownInputTests(ContractFixture app)
{
    /// <summary>Probes are asked by whatever a platform asks with.</summary>
    private static readonly string[] Probes = ["/live", "/ready", "/health"];

    public static TheoryData<string> Routes => new(
        HttpFunctions.All.Where(function => function.Verb != "OPTIONS" && !Probes.Contains(function.Path)).Select(function => $"{function.Verb} {function.Path}"));

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Parameter_that_a_route_does_not_know_is_named(string route)
    {
        var (verb, path) = (route.Split(' ')[0], route.Split(' ')[1]);

        using var refused = await app.Http.SendJsonAsync(new HttpMethod(verb), $"{path}?misspelt=1", "{}", app.As("root", "admin"));

        await AssertNamedAsync(refused);
    }

    [Fact]
    public async Task Field_in_the_body_of_a_route_that_takes_none_is_named()
    {
        using var document = await app.Http.GetAsync(new Uri("/openapi.json", UriKind.Relative));
        var described = (await document.ReadAsync()).GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject())
            .ToDictionary(operation => operation.Value.Text("operationId")!, operation => operation.Value.TryGetProperty("requestBody", out _));
        var without = HttpFunctions.All.Where(function => function.Verb is "POST" or "PUT" or "DELETE" && !described[function.Name]).ToList();
        Assert.NotEmpty(without);

        foreach (var (_, verb, path) in without)
        {
            using var refused = await app.Http.SendJsonAsync(new HttpMethod(verb), path, """{"misspelt":1}""", app.As("root", "admin"));

            await AssertNamedAsync(refused);
        }
    }

    private static async Task AssertNamedAsync(HttpResponseMessage refused)
    {
        var problem = await refused.ReadAsync();
        if (problem.TryGetProperty("error", out var error))
        {
            // OpenAI's form names one field.
            Assert.Equal((HttpStatusCode.BadRequest, "misspelt"), (refused.StatusCode, error.Text("param")));
            return;
        }

        Assert.Equal(
            (HttpStatusCode.BadRequest, true),
            (refused.StatusCode, problem.TryGetProperty("errors", out var errors) && errors.TryGetProperty("misspelt", out _)));
    }
}
