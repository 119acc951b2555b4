using System.Net;
using System.Text.Json;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Tools of callers and approvals over OpenAI's protocols, with clients that nobody here wrote.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class OpenAIToolTests(ContractFixture app)
{
    private static readonly string[] Calculator = ["calculator"];
    private static readonly string[] Post = ["http_post"];

    private const string Rome = """{"city":"Rome"}""";
    private const string Weather = """{"type":"function","name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"} },"required":["city"]} }""";
    private const string Anything = """{"type":"function","name":"weather","parameters":{"type":"object","additionalProperties":true} }""";

    [Theory]
    [InlineData("runTools", """{"text":"It is Rome: sunny.","made":1,"roles":["user","assistant","tool","assistant"]}""")]
    [InlineData("runToolsStream", """{"text":"It is Rome: sunny.","made":1,"roles":["user","assistant","tool","assistant"]}""")]
    [InlineData("responses", """{"first":["function_call"],"status":"completed","text":"It is Rome: sunny.","same":true,"next":true,"previous":true,"missing":400,"other":409,"usage":[18,18]}""")]
    [InlineData("responsesStream", """{"types":["response.function_call_arguments.delta","response.function_call_arguments.done"],"text":"It is Rome: sunny.","replay":"It is Rome: sunny."}""")]
    [InlineData("rebuilt", """{"text":"It is Rome: sunny."}""", 1)]
    [InlineData("agents", """{"text":"It is Rome: sunny.","made":1}""")]
    [InlineData("aiSdk", """{"text":"It is Rome: sunny.","made":1,"steps":2}""")]
    [InlineData("aiSdkStream", """{"text":"It is Rome: sunny.","made":1}""")]
    public async Task Client_makes_its_own_tool(string step, string expected, int modelCalls = 2)
    {
        var agent = await app.PutAgentAsync();
        var calls = 0;
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref calls);
            return request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("weather", Rome)) : ModelReply.Text($"It is {request.ToolResults[^1]}.");
        });

        Assert.Equal((expected, modelCalls), (await RunAsync(agent, step), calls));
    }

    [Theory]
    [InlineData("approval", """{"first":["mcp_approval_request"],"status":"completed","second":["mcp_call","message"],"text":"Done."}""")]
    [InlineData("agentsApproval", """{"text":"Done.","asked":1}""")]
    public async Task Client_approves_a_call_of_the_agents_own_tool(string step, string expected)
    {
        var path = $"/{Guid.NewGuid():N}";
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Post, approvals = Post });
        var calls = 0;
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref calls);
            return request.ToolResults.Count == 0
                ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = new Uri(app.Effects.Address, path), body = "x" })))
                : ModelReply.Text("Done.");
        });

        Assert.Equal((expected, 2, 1), (await RunAsync(agent, step), calls, app.Effects.Count("POST", path)));
    }

    [Fact]
    public async Task In_a_mixed_turn_the_agents_own_call_is_made_once_and_told_before_the_callers()
    {
        var path = $"/{Guid.NewGuid():N}";
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Post });
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("weather", Rome), ("http_post", JsonSerializer.Serialize(new { url = new Uri(app.Effects.Address, path), body = "x" })))
            : ModelReply.Text($"{request.ToolResults.Count} results."));

        var first = await PostAsync($$"""{"model":"{{agent}}","input":"Go.","tools":[{{Weather}}, {"type":"mcp","server_label":"yggdrasil"}],"tool_choice":"required"}""");
        var call = first.GetProperty("output").EnumerateArray().Single(item => item.Text("type") == "function_call");
        var second = await PostAsync(
            $$"""{"model":"{{agent}}","previous_response_id":"{{first.Text("id")}}","input":[{"type":"function_call_output","call_id":"{{call.Text("call_id")}}","output":"sunny"}]}""");

        Assert.Equal(["mcp_call", "function_call"], first.GetProperty("output").EnumerateArray().Select(item => item.Text("type")).Order().Reverse());
        Assert.Equal(("completed", 1), (first.Text("status"), app.Effects.Count("POST", path)));
        Assert.Equal("2 results.", second.GetProperty("output")[0].GetProperty("content")[0].Text("text"));
    }

    [Fact]
    public async Task Tool_choice_holds_for_the_first_answer_alone()
    {
        var agent = await app.PutAgentAsync();
        List<string> asked = [];
        app.Model.RespondWith(request =>
        {
            asked.Add(request.Body.TryGetProperty("tool_choice", out var choice) ? choice.GetRawText() : "");
            return request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")) : ModelReply.Text("2");
        });
        await PostAsync($$"""{"model":"{{agent}}","input":"Go.","tool_choice":{"type":"function","name":"calculator"} }""");
        using var unknown = await app.Http.SendJsonAsync(
            HttpMethod.Post, "/v1/responses", $$"""{"model":"{{agent}}","input":"Go.","tool_choice":{"type":"function","name":"nothing"} }""");

        Assert.Contains("calculator", asked[0], StringComparison.Ordinal);
        Assert.DoesNotContain("calculator", asked[1], StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.BadRequest, "tool_choice"), (unknown.StatusCode, (await unknown.ReadAsync()).GetProperty("error").Text("param")));
    }

    [Fact]
    public async Task With_the_header_a_response_waits_for_approvals_that_others_decide()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Calculator, approvals = Calculator });
        app.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")) : ModelReply.Text("2"));
        var header = ("X-Yggdrasil-Approvals", "wait");
        using var started = await app.Http.SendJsonAsync(HttpMethod.Post, "/v1/responses", $$"""{"model":"{{agent}}","input":"Go.","background":true}""", header);
        var id = (await started.ReadAsync()).Text("id");
        var run = await app.Http.RunUntilAsync($"run_{id[5..]}", found => found.Text("status") == "waiting");
        using var open = await app.Http.SendJsonAsync(HttpMethod.Get, $"/v1/responses/{id}", "", header);
        Assert.Equal("in_progress", (await open.ReadAsync()).Text("status"));

        var hash = run.GetProperty("pendingApprovals")[0].Text("argumentsHash");
        (await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/run_{id[5..]}/approvals/t1c0", $$"""{"decision":"approve","argumentsHash":"{{hash}}"}""")).Dispose();
        await app.Http.EndOfRunAsync($"run_{id[5..]}");
        using var waited = await app.Http.SendJsonAsync(HttpMethod.Get, $"/v1/responses/{id}", "", header);
        using var split = await app.Http.SendJsonAsync(HttpMethod.Get, $"/v1/responses/{id}", "");

        Assert.Equal(["mcp_call", "message"], (await waited.ReadAsync()).GetProperty("output").EnumerateArray().Select(item => item.Text("type")));
        Assert.Equal($"{id}_2", (await split.ReadAsync()).Text("next_response_id"));
    }

    [Theory]
    [InlineData("""[{"type":"function_call_output","call_id":"call_nothing","output":"x"}]""", "input[0]")]
    [InlineData("""[{"role":"user","content":"Hi"},{"type":"function_call","call_id":"call_a","name":"f","arguments":"{}"},{"role":"user","content":"Hi"}]""", "input[1]")]
    [InlineData("""[{"type":"item_reference","id":"msg_nothing_t1"},{"role":"user","content":"Hi"}]""", "input[0]")]
    [InlineData("""[{"type":"mcp_call","id":"mcp_elsewhere","name":"f","arguments":"{}"},{"role":"user","content":"Hi"}]""", "input[0]")]
    [InlineData("""[{"type":"function_call","call_id":"call_a","name":"f","arguments":"no"},{"type":"function_call_output","call_id":"call_a","output":"x"}]""", "input[0].arguments")]
    [InlineData("""[{"type":"mcp_approval_response","approval_request_id":"mcpr_a"}]""", "input[0].approve")]
    public async Task History_that_does_not_fit_together_is_refused_by_name(string input, string param)
    {
        var agent = await app.PutAgentAsync();
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, "/v1/responses", $$"""{"model":"{{agent}}","input":{{input}}}""");
        Assert.Equal((HttpStatusCode.BadRequest, param), (refused.StatusCode, (await refused.ReadAsync()).GetProperty("error").Text("param")));
    }

    [Fact]
    public async Task Strangers_do_not_answer_and_do_not_learn_of_the_run()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.ToolCalls(("weather", Rome)));
        var first = await PostAsync($$"""{"model":"{{agent}}","input":"Go.","tools":[{{Anything}}]}""");
        var call = first.GetProperty("output")[0].Text("call_id");
        using var eve = await app.Http.SendJsonAsync(
            HttpMethod.Post, "/v1/responses", $$"""{"model":"{{agent}}","input":[{"type":"function_call_output","call_id":"{{call}}","output":"x"}]}""", app.As($"eve{Guid.NewGuid():N}"));
        Assert.Contains(eve.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.NotFound });
        Assert.Equal("waiting", (await app.Http.RunUntilAsync($"run_{first.Text("id")[5..]}", _ => true)).Text("status"));
    }

    private async Task<JsonElement> PostAsync(string body)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, "/v1/responses", body);
        var read = await response.ReadAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, read.GetRawText());
        return read;
    }

    private async Task<string> RunAsync(string agent, string step) =>
        (await ClientTools.NodeAsync(Path.Combine("tools", "run.mjs"), app.Http.BaseAddress!.ToString(), agent, step)).Trim();
}
