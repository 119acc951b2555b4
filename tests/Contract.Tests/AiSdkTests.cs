using System.Net;
using System.Text.Json;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>The chat of AI SDK's own client: each answer is one durable run, of which nothing is made twice.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class AiSdkTests(ContractFixture app)
{
    private static readonly string[] Calculator = ["calculator"];

    [Theory]
    [InlineData("chat", """{"parts":["step-start","dynamic-tool:output-available","step-start","text"],"text":"It is 391.","status":"ready","roles":["user","assistant","user","assistant"],"finished":["stop",36]}""", 4)]
    [InlineData("clientTool", """{"text":"It is {\"city\":\"Rome\",\"sky\":\"sunny\"}.","parts":["step-start","tool-weather:output-available","step-start","text"],"made":1,"requests":2,"count":2}""", 2, "weather", """{"city":"Rome"}""")]
    [InlineData("clientToolFails", """{"text":"It is No sky.."}""", 2, "weather", """{"city":"Rome"}""")]
    public async Task Tools_are_called_once(string step, string expected, int modelCalls, string tool = "calculator", string arguments = """{"expression":"17*23"}""")
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Calculator });
        var calls = 0;
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref calls);
            return request.ToolResults.Count == 0 ? ModelReply.ToolCalls((tool, arguments)) : ModelReply.Text($"It is {request.ToolResults[^1]}.");
        });

        Assert.Equal((expected, modelCalls), (await RunAsync(agent, step), calls));
    }

    [Theory]
    [InlineData("approve", """{"asked":["step-start","dynamic-tool:approval-requested"],"parts":["step-start","dynamic-tool:output-available","step-start","text"],"text":"Done.","count":2}""", 1)]
    [InlineData("deny", """{"asked":["step-start","dynamic-tool:approval-requested"],"parts":["step-start","dynamic-tool:output-denied","step-start","text"],"text":"Done.","count":2}""", 0)]
    [InlineData("resumeWaiting", """{"asked":["step-start","dynamic-tool:approval-requested"],"text":"Done."}""", 1)]
    public async Task Approvals_are_decided_in_the_page(string step, string expected, int effects)
    {
        var path = $"/{Guid.NewGuid():N}";
        string[] post = ["http_post"];
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = post, approvals = post });
        var calls = 0;
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref calls);
            return request.ToolResults.Count == 0
                ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = new Uri(app.Effects.Address, path), body = "x" })))
                : ModelReply.Text("Done.");
        });

        Assert.Equal((expected, 2, effects), (await RunAsync(agent, step), calls, app.Effects.Count("POST", path)));
    }

    [Fact]
    public async Task Page_that_is_loaded_anew_resumes_the_answer()
    {
        var agent = await app.PutAgentAsync();
        var (gate, calls) = (new Gate(), 0);
        app.Model.RespondWith(_ =>
        {
            Interlocked.Increment(ref calls);
            return ModelReply.Text("One two three four five six seven eight.") with { MidStreamGate = gate };
        });
        app.Effects.RespondWith(_ =>
        {
            gate.Open();
            return new EffectReply();
        });

        using var read = JsonDocument.Parse(await RunAsync(agent, "resume"));
        Assert.InRange(read.RootElement.GetProperty("heard").GetInt32(), 1, 39);
        Assert.Equal("One two three four five six seven eight.", read.RootElement.Text("text"));
        Assert.Equal((2, true, 0, "ready", 1), (
            read.RootElement.GetProperty("count").GetInt32(), read.RootElement.GetProperty("same").GetBoolean(), read.RootElement.GetProperty("nothing").GetInt32(),
            read.RootElement.Text("status"), calls));
    }

    [Fact]
    public async Task Models_are_shown_the_chat_that_the_page_shows()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        List<string> asked = [];
        app.Model.RespondWith(request =>
        {
            lock (asked)
            {
                asked.Add(string.Join(' ', request.Messages.Select(message => $"{message.Role}={message.Content}")));
                return ModelReply.Text($"A{asked.Count}");
            }
        });

        Assert.Equal("""{"twice":"A3","changed":"A4","count":2}""", await RunAsync(agent, "regenerate"));
        Assert.Equal(
            ["user=One.", "user=One. assistant=A1 user=Two.", "user=One. assistant=A1 user=Two.", "user=Changed."], asked);

        asked.Clear();
        Assert.Equal("""{"text":"A2"}""", await RunAsync(agent, "lastAlone"));
        Assert.Equal(["user=One.", "user=One. assistant=A1 user=Two."], asked);
    }

    [Fact]
    public async Task Next_question_gives_up_the_answer_that_nobody_waits_for()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        var gate = new Gate();
        app.Model.RespondWith(request => request.LastUserText == "Slow." ? ModelReply.Text("Never said.") with { Gate = gate } : ModelReply.Text("Here."));
        var chat = $"c{Guid.NewGuid():N}";

        Assert.Equal("""{"text":"Here."}""", await RunAsync(agent, "goOn", chat));
        using var runs = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs?conversationId={chat}", "");
        Assert.Equal(["completed", "cancelled"], (await runs.ReadAsync()).GetProperty("items").EnumerateArray().Select(run => run.Text("status")));
    }

    [Fact]
    public async Task Thoughts_and_failures_are_told()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        app.Model.RespondWith(_ => ModelReply.Text("So.") with { Reasoning = "Hm." });
        Assert.Equal("""{"parts":["step-start","text","reasoning:done"],"reasoning":"Hm."}""", await RunAsync(agent, "reader"));

        app.Model.RespondWith(_ => ModelReply.Status(400));
        using var failed = JsonDocument.Parse(await RunAsync(agent, "fails"));
        Assert.Equal("error", failed.RootElement.Text("status"));
        Assert.Equal("""{"status":"error","named":true}""", await RunAsync(agent, "refused"));
    }

    [Theory]
    [InlineData("""{"id":"c","messages":[]}""", "messages")]
    [InlineData("""{"id":"c"}""", "messages")]
    [InlineData("""{"id":"c","messages":[],"message":{}}""", "messages")]
    [InlineData("""{"messages":[{"role":"user","parts":[{"type":"text","text":"Hi"}]}]}""", "id")]
    [InlineData("""{"id":"c","messages":[{"role":"user","parts":[{"type":"file","url":"data:,x","mediaType":"text/plain"}]}]}""", "messages[0].parts[0].type")]
    [InlineData("""{"id":"c","messages":[{"role":"user","parts":[]}]}""", "messages[0].parts")]
    [InlineData("""{"id":"c","messages":[{"role":"tool","parts":[]}]}""", "messages[0].role")]
    [InlineData("""{"id":"c","messages":[{"role":"assistant","parts":[{"type":"text","text":"Hi"}]}]}""", "messages")]
    [InlineData("""{"id":"c","messages":[{"role":"assistant","parts":[{"type":"tool-f","state":"output-available"}]}]}""", "messages[0].parts[0].toolCallId")]
    [InlineData("""{"id":"c","messages":[{"role":"user","parts":[{"type":"text","text":"Hi"}]}],"colour":1}""", "colour")]
    public async Task What_is_wrong_is_named(string body, string field)
    {
        var agent = await app.PutAgentAsync();
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/chat", body);
        var problem = await refused.ReadAsync();
        Assert.True(refused.StatusCode == HttpStatusCode.BadRequest && problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }

    [Fact]
    public async Task Strangers_find_no_answer_to_resume_and_answer_none()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Calculator, approvals = Calculator });
        var (chat, eve) = ($"c{Guid.NewGuid():N}", app.As($"eve{Guid.NewGuid():N}"));
        app.Model.RespondWith(_ => ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")));
        using var asked = await app.Http.SendJsonAsync(
            HttpMethod.Post, $"/api/agents/{agent}/chat", $$"""{"id":"{{chat}}","message":{"role":"user","parts":[{"type":"text","text":"Go."}]} }""");
        var events = (await asked.Content.ReadAsStringAsync()).Split("\n\n").Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
            .Select(line => JsonDocument.Parse(line[6..]).RootElement).ToList();
        var call = events.Single(item => item.Text("type") == "tool-approval-request").Text("toolCallId");
        var message = events[0].Text("messageId");

        using var resumed = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/agents/{agent}/chat/{chat}/stream", "", eve);
        using var answered = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/chat", $$"""
            {"id":"{{chat}}","messages":[{"id":"{{message}}","role":"assistant","parts":[{"type":"dynamic-tool","toolName":"calculator","toolCallId":"{{call}}",
            "state":"approval-responded","input":{},"approval":{"id":"{{call}}","approved":true} }]}]}
            """, eve);

        Assert.Equal(HttpStatusCode.NoContent, resumed.StatusCode);
        Assert.Contains(answered.StatusCode, new[] { HttpStatusCode.BadRequest, HttpStatusCode.NotFound });
        Assert.Equal("waiting", (await app.Http.RunUntilAsync($"run_{message[4..]}", _ => true)).Text("status"));
    }

    private async Task<string> RunAsync(string agent, string step, string? chat = null) => (await ClientTools.NodeAsync(
        Path.Combine("aisdk", "run.mjs"), app.Http.BaseAddress!.ToString(), agent, step, chat ?? $"c{Guid.NewGuid():N}", app.Effects.Address.ToString())).Trim();
}
