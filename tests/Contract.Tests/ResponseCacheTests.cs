using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(RunsHost.Name)]
public sealed class ResponseCacheTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");
    private static readonly string[] Tools = ["calculator", "clock"];

    private readonly string _bob = $"bob{Guid.NewGuid():N}";

    [Fact]
    public async Task Repeated_request_is_answered_from_the_cache_and_costs_nothing()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:priced", cache = new { ttlSeconds = 600 } });
        var asked = Answering();

        var (first, firstSteps) = await RunAsync(agent, "alice");
        var (second, secondSteps) = await RunAsync(agent, "alice");

        Assert.Equal(1, asked());
        Assert.Equal(first.Text("output"), second.Text("output"));
        Assert.False(firstSteps[0].TryGetProperty("cached", out _));
        Assert.True(secondSteps[0].GetProperty("cached").GetBoolean());
        Assert.Equal("openai:priced", secondSteps[0].Text("servedBy"));
        Assert.True(first.GetProperty("usage").GetProperty("costUsd").GetDecimal() > 0);
        Assert.Equal(
            """{"inputTokens":0,"outputTokens":0,"modelCalls":0,"toolCalls":0,"costUsd":0,"totalTokens":0}""",
            second.GetProperty("usage").GetRawText());
        Assert.Equal(1, second.GetProperty("turns").GetInt32());
    }

    [Theory]
    [InlineData("user", 2)]
    [InlineData("agent", 1)]
    public async Task Answers_are_shared_with_other_users_only_where_the_agent_says_so(string scope, int calls)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:priced", cache = new { ttlSeconds = 600, scope } });
        var shared = await ShareAsync(agent);
        var asked = Answering();

        await RunAsync(agent, "alice");
        var (_, steps) = await RunAsync(shared, _bob);

        Assert.Equal(calls, asked());
        Assert.Equal(calls == 1, steps[0].TryGetProperty("cached", out _));
    }

    [Fact]
    public async Task Changed_agent_is_asked_anew()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:priced", cache = new { ttlSeconds = 600 } });
        var asked = Answering();
        await RunAsync(agent, "alice");
        using var changed = await app.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/agents/{agent}", """{"model":"openai:priced","cache":{"ttlSeconds":600},"description":"Changed."}""");
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        await RunAsync(agent, "alice");
        Assert.Equal(2, asked());
    }

    [Fact]
    public async Task Agent_without_a_cache_is_always_asked()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:priced" });
        var asked = Answering();
        await RunAsync(agent, "alice");
        await RunAsync(agent, "alice");
        Assert.Equal(2, asked());
    }

    [Theory]
    [InlineData("calculator", """{"expression":"17*23"}""", 2)]
    [InlineData("clock", """{"timeZone":"UTC"}""", 3)]
    public async Task Turns_that_call_tools_are_kept_only_when_the_tools_are_pure(string tool, string arguments, int atLeast)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:priced", tools = Tools, cache = new { ttlSeconds = 600 } });
        var asked = Answering(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls((tool, arguments)) : ModelReply.Text("Done."));

        await RunAsync(agent, "alice");
        var (run, steps) = await RunAsync(agent, "alice");

        // The calculator is called again, by the kept answer, and its result leads to the kept end. The clock's turn is asked for
        // again; whether its end is kept depends on whether its second has passed.
        Assert.Equal(1, run.GetProperty("usage").GetProperty("toolCalls").GetInt32());
        Assert.Equal(tool == "calculator", steps[0].TryGetProperty("cached", out _));
        Assert.InRange(asked(), atLeast, tool == "calculator" ? atLeast : 4);
    }

    /// <summary>Scripts the model; the result tells how often it has been asked since.</summary>
    private Func<int> Answering(Func<ModelRequest, ModelReply>? answer = null)
    {
        var before = app.Model.Requests.Count;
        app.Model.RespondWith(answer ?? (_ => ModelReply.Text($"Answer {Guid.NewGuid()}")));
        return () => app.Model.Requests.Count - before;
    }

    private async Task<(JsonElement Run, List<JsonElement> Steps)> RunAsync(string agent, string user)
    {
        using var started = await app.Http.PostRunAsync(agent, new { input = "The same question." }, Wait, app.As(user));
        var run = await started.ReadAsync();
        Assert.Equal("completed", run.Text("status"));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{run.Text("id")}/steps");
        request.Headers.TryAddWithoutValidation(app.As(user).Name, app.As(user).Value);
        using var timeline = await app.Http.SendAsync(request);
        return (run, [.. (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().Where(step => step.Text("kind") != "input")]);
    }

    /// <summary>Shares alice's agent with bob and answers the id that bob's list gives it.</summary>
    private async Task<string> ShareAsync(string agent)
    {
        using var shared = await app.Http.PutAsync(new Uri($"/api/agents/{agent}/shares/{_bob}", UriKind.Relative), null);
        Assert.Equal(HttpStatusCode.NoContent, shared.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/agents?limit=100");
        request.Headers.TryAddWithoutValidation(app.As(_bob).Name, app.As(_bob).Value);
        using var response = await app.Http.SendAsync(request);
        return (await response.ReadAsync()).GetProperty("items").EnumerateArray()
            .Select(item => item.Text("id")).Single(id => id.EndsWith($"~{agent}", StringComparison.Ordinal));
    }
}
