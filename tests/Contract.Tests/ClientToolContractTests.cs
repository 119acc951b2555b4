using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Tools of the caller over HTTP: called, answered, refused.</summary>
[Collection(RunsHost.Name)]
public sealed class ClientToolContractTests(ContractFixture app)
{
    private static readonly string[] Calculator = ["calculator"];

    private const string Ask = """
        {"name":"ask_user","description":"Asks the user.","parameters":{"type":"object","properties":{"question":{"type":"string"}},"required":["question"]}}
        """;

    [Fact]
    public async Task Run_shows_what_it_waits_for_and_goes_on_with_the_answer()
    {
        var (agent, run) = await WaitingAsync();
        var id = run.Text("id");
        var pending = Assert.Single(run.GetProperty("pendingToolCalls").EnumerateArray());
        Assert.Equal(("t1c0", "ask_user", "Which?"), (pending.Text("callId"), pending.Text("name"), pending.GetProperty("arguments").Text("question")));
        Assert.False(run.TryGetProperty("pendingApprovals", out _));
        using var live = await EventClient.OpenAsync(app.Http, id);
        var before = await live.ReadUntilAsync(item => item.Type == "tool.awaited");
        Assert.Equal(("t1c0", "ask_user", "Which?"), (before[^1].Data.Text("callId"), before[^1].Data.Text("name"), before[^1].Data.GetProperty("arguments").Text("question")));

        using var answered = await AnswerAsync(id, """{"result":{"colour":"blue"}}""");
        using var again = await AnswerAsync(id, """{"result":{"colour":"blue"}}""");
        using var other = await AnswerAsync(id, """{"result":"red"}""");
        var ended = await app.Http.EndOfRunAsync(id);
        using var late = await AnswerAsync(id, """{"result":{"colour":"blue"}}""");
        using var unknown = await AnswerAsync(id, """{"result":1}""", "t7c7");

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Conflict, HttpStatusCode.OK, HttpStatusCode.NotFound],
            new[] { answered, again, other, late, unknown }.Select(answer => answer.StatusCode));
        Assert.False((await answered.ReadAsync()).TryGetProperty("pendingToolCalls", out _));
        Assert.Equal(("completed", """You said {"colour":"blue"}."""), (ended.Text("status"), ended.Text("output")));
        Assert.Equal(2, app.Model.Requests.Count(request => request.Messages[0].Content == agent));
        Assert.Equal(["tool.completed", "model.completed", "run.completed"], (await live.ReadToEndAsync()).Select(item => item.Type));
    }

    [Theory]
    [InlineData("{}", "result")]
    [InlineData("""{"result":1,"error":"x"}""", "result")]
    [InlineData("""{"error":""}""", "error")]
    [InlineData("""{"result":1,"callId":"t1c0"}""", "callId")]
    [InlineData("""{"result":"\ud800"}""", "result")]
    public async Task Answer_that_is_none_is_refused_by_name(string body, string field)
    {
        var (_, run) = await WaitingAsync();
        using var refused = await AnswerAsync(run.Text("id"), body);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.True((await refused.ReadAsync()).GetProperty("errors").TryGetProperty(field, out _));
        (await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{run.Text("id")}/cancel", "")).Dispose();
    }

    [Theory]
    [InlineData("""[{"name":"calculator"}]""", "clientTools[0].name")]
    [InlineData("""[{"name":"a"},{"name":"a"}]""", "clientTools[1].name")]
    [InlineData("""[{"name":"a b"}]""", "clientTools[0].name")]
    [InlineData("""[{"description":"x"}]""", "clientTools[0].name")]
    [InlineData("""[{"name":"a","parameters":{"type":"array"}}]""", "clientTools[0].parameters.type")]
    [InlineData("""[{"name":"a","parameters":{"type":"object","properties":{"b":{"pattern":"(a+)+\\1"}}}}]""", "clientTools[0].parameters")]
    [InlineData("""[{"name":"a","parameters":[]}]""", "clientTools[0].parameters")]
    [InlineData("""[{"name":"a","code":"x"}]""", "clientTools[0].code")]
    [InlineData("""["a"]""", "clientTools[0]")]
    [InlineData("\"a\"", "clientTools")]
    public async Task Tool_that_is_none_is_refused_by_name(string tools, string field)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Calculator });
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", $$"""{"input":"Hi","clientTools":{{tools}}}""");
        var body = await refused.ReadAsync();
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.True(body.GetProperty("errors").TryGetProperty(field, out _), body.GetRawText());
    }

    [Fact]
    public async Task All_tools_of_a_run_together_are_bounded()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Calculator });
        var tools = Enumerable.Range(0, 64).Select(i => new { name = $"tool_{i}" });
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", JsonSerializer.Serialize(new { input = "Hi", clientTools = tools }));
        using var taken = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", JsonSerializer.Serialize(new { input = "Hi", clientTools = tools.Take(63) }));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Accepted), (refused.StatusCode, taken.StatusCode));
    }

    [Fact]
    public async Task Agent_that_refuses_them_and_requests_that_cannot_wait_say_so()
    {
        var strict = await app.PutAgentAsync(new { model = "openai:scripted", clientTools = "refuse" });
        var open = await app.PutAgentAsync();
        var body = $$"""{"input":"Hi","clientTools":[{{Ask}}]}""";
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{strict}/runs", body);
        using var inline = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{open}/invoke", body);
        using var batch = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/batches", $$"""{"agent":"{{open}}","items":[{{body}}]}""");
        using var read = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/agents/{strict}", "");

        Assert.All(new[] { refused, inline, batch }, answer => Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode));
        Assert.True((await refused.ReadAsync()).GetProperty("errors").TryGetProperty("clientTools", out _));
        Assert.True((await inline.ReadAsync()).GetProperty("errors").TryGetProperty("clientTools", out _));
        Assert.Contains("clientTools", await batch.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("refuse", (await read.ReadAsync()).Text("clientTools"));
    }

    [Fact]
    public async Task Export_has_the_tools_and_the_answers()
    {
        var user = app.As($"dora{Guid.NewGuid():N}");
        (await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a", """{"model":"openai:scripted"}""", user)).Dispose();
        app.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("ask_user", """{"question":"Which?"}""")) : ModelReply.Text("Done."));
        using var started = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/agents/a/runs", $$"""{"input":"Go.","clientTools":[{{Ask}}]}""", user, ("Prefer", "wait=1"));
        var id = (await started.ReadAsync()).Text("id");
        await Poll.UntilAsync(async () =>
        {
            using var answered = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/tool-results/t1c0", """{"result":"blue"}""", user);
            return answered.StatusCode == HttpStatusCode.OK;
        });
        JsonElement run = default;
        await Poll.UntilAsync(async () =>
        {
            using var export = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/users/me/export", "", user);
            run = (await export.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Single(line => line.Text("type") == "run");
            return run.GetProperty("run").Text("status") == "completed";
        });

        Assert.Equal("ask_user", run.GetProperty("clientTools")[0].Text("name"));
        Assert.Contains(run.GetProperty("steps").EnumerateArray(), step => step.Text("kind") == "tool" && step.Text("result") == "blue");
    }

    private async Task<(string Agent, JsonElement Run)> WaitingAsync()
    {
        var mark = Guid.NewGuid().ToString("N");
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", instructions = mark });
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("ask_user", """{"question":"Which?"}"""))
            : ModelReply.Text($"You said {request.ToolResults[0]}."));
        using var started = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", $$"""{"input":"Go.","clientTools":[{{Ask}}]}""");
        return (mark, await app.Http.RunUntilAsync((await started.ReadAsync()).Text("id"), run => run.Text("status") == "waiting"));
    }

    private Task<HttpResponseMessage> AnswerAsync(string run, string body, string call = "t1c0") =>
        app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{run}/tool-results/{call}", body);
}
