using System.Net;

namespace Yggdrasil.Contract.Tests;

/// <summary>Routes and verbs that are not, and HEAD on those that are.</summary>
[Collection(SharedLocalHost.Name)]
public class RouteContractTests(ContractFixture app)
{
    /// <summary>The Functions host tries routes in this order: what takes every route would hide those after it.</summary>
    [Fact]
    public void Function_that_takes_every_route_comes_last_by_its_name() =>
        Assert.All(HttpFunctions.All, function => Assert.True(string.Compare(function.Name, HttpFunctions.CatchAll, StringComparison.OrdinalIgnoreCase) < 0, function.Name));

    [Theory]
    [InlineData("GET", "/api/nothing")]
    [InlineData("POST", "/api/runs/run_1/explode")]
    [InlineData("PATCH", "/nothing/at/all")]
    [InlineData("DELETE", "/api/agents/a/b/c/d")]
    [InlineData("POST", "/")]
    [InlineData("GET", "/administrators")]
    [InlineData("TRACE", "/nothing")]
    public async Task Unknown_route_is_404_as_a_problem_for_strangers_too(string verb, string path)
    {
        using var response = await app.Http.SendJsonAsync(new HttpMethod(verb), path, "", ("Authorization", "Bearer nobody"));

        await AssertProblemAsync(response, HttpStatusCode.NotFound, "not_found");
    }

    [Theory]
    [InlineData("PATCH", "/api/agents/a1", "DELETE, GET, HEAD, PUT")]
    [InlineData("DELETE", "/api/runs", "GET, HEAD")]
    [InlineData("GET", "/api/agents/a1/runs", "POST")]
    [InlineData("POST", "/live", "GET, HEAD")]
    [InlineData("GET", "/mcp", "POST")]
    [InlineData("DELETE", "/mcp", "POST")]
    public async Task Wrong_verb_is_405_and_told_the_right_ones(string verb, string path, string allowed)
    {
        using var response = await app.Http.SendJsonAsync(new HttpMethod(verb), path, "");

        await AssertProblemAsync(response, HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Equal(allowed, string.Join(", ", response.Content.Headers.Allow));
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/ready")]
    [InlineData("/health")]
    [InlineData("/openapi.json")]
    [InlineData("/api/runs")]
    [InlineData("/api/agents/assistant")]
    [InlineData("/api/users/me/export")]
    public async Task Head_answers_as_get_does_without_a_body(string path)
    {
        using var get = await app.Http.GetAsync(new Uri(path, UriKind.Relative));
        using var head = await app.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));

        Assert.Equal((get.StatusCode, get.Content.Headers.ContentType), (head.StatusCode, head.Content.Headers.ContentType));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Head_of_a_runs_events_ends_at_once_although_the_run_goes_on()
    {
        using var started = await app.Http.PostRunAsync("assistant", new { input = "Hello" }, ("Prefer", "wait=60"));
        var id = (await started.ReadAsync()).Text("id");

        using var head = await app.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/api/runs/{id}/events"));
        using var missing = await app.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/api/runs/run_unknown/events"));

        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (head.StatusCode, head.Content.Headers.ContentType?.MediaType));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        Assert.Equal((status, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal(code, (await response.ReadAsync()).Text("code"));
    }
}
