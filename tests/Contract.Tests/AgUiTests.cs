using System.Net;
using System.Text.Json;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>AG-UI with its own client: each run of a thread is a durable run or a part of one, of which nothing is made twice.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class AgUiTests(ContractFixture app)
{
    private static readonly string[] Calculator = ["calculator"];

    [Theory]
    [InlineData("chat", """{"roles":["assistant+1","tool","assistant"],"text":"It is 391.","result":"391","all":["user","assistant+1","tool","assistant","user","assistant+1","tool","assistant"],"begin":"RUN_STARTED","end":"RUN_FINISHED","usage":36}""", 4)]
    [InlineData("clientTool", """{"pending":true,"text":"It is Rome: sunny.","roles":["user","assistant+1","tool","assistant"]}""", 2, "weather", """{"city":"Rome"}""")]
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
    [InlineData("approve", 1)]
    [InlineData("deny", 0)]
    [InlineData("cancel", 0)]
    public async Task Approvals_are_interrupts(string step, int effects)
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

        Assert.Equal(
            ("""{"asked":"tool_approval","roles":["user","assistant+1","tool","assistant"],"text":"Done."}""", 2, effects),
            (await RunAsync(agent, step), calls, app.Effects.Count("POST", path)));
    }

    [Fact]
    public async Task Thoughts_context_edits_and_failures()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        app.Model.RespondWith(_ => ModelReply.Text("So.") with { Reasoning = "Hm." });
        Assert.Equal("""{"roles":["assistant","reasoning"],"thought":"Hm."}""", await RunAsync(agent, "think"));

        List<string> asked = [];
        app.Model.RespondWith(request =>
        {
            asked.Add(string.Join(' ', request.Messages.Select(message => $"{message.Role}={message.Content.Split('\n')[^1]}")));
            return ModelReply.Text($"A{asked.Count}");
        });
        Assert.Equal("""{"text":"A2"}""", await RunAsync(agent, "edit"));
        Assert.Equal(["system=Page: Home user=One.", "user=Changed."], asked);

        app.Model.RespondWith(_ => ModelReply.Status(400));
        Assert.NotEqual("""{}""", await RunAsync(agent, "fails"));
    }

    [Theory]
    [InlineData("""{"threadId":"t","runId":"r"}""", "messages")]
    [InlineData("""{"threadId":"t","runId":"r","messages":[{"role":"king","content":"x"}]}""", "messages[0].role")]
    [InlineData("""{"threadId":"t","runId":"r","messages":[{"role":"user","content":[{"type":"image"}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"threadId":".","runId":"r","messages":[{"role":"user","content":"x"}]}""", "threadId")]
    [InlineData("""{"threadId":"t","messages":[{"role":"user","content":"x"}]}""", "runId")]
    [InlineData("""{"threadId":"t","runId":"r","messages":[{"role":"user","content":"x"}],"resume":[{"interruptId":"i","status":"resolved"}]}""", "resume[0].payload.approved")]
    [InlineData("""{"threadId":"t","runId":"r","messages":[{"role":"user","content":"x"}],"tools":["x"]}""", "tools[0]")]
    [InlineData("""{"threadId":"t","runId":"r","messages":[{"role":"assistant","content":"x"}]}""", "messages")]
    [InlineData("""{"threadId":"t","runId":"r","messages":[{"role":"user","content":"x"}],"colour":1}""", "colour")]
    public async Task What_is_wrong_is_named(string body, string field)
    {
        var agent = await app.PutAgentAsync();
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/ag-ui/{agent}", body);
        var problem = await refused.ReadAsync();
        Assert.True(refused.StatusCode == HttpStatusCode.BadRequest && problem.GetProperty("errors").TryGetProperty(field, out _), problem.GetRawText());
    }

    private async Task<string> RunAsync(string agent, string step) =>
        (await ClientTools.NodeAsync(Path.Combine("agui", "run.mjs"), app.Http.BaseAddress!.ToString(), agent, step)).Trim();
}
