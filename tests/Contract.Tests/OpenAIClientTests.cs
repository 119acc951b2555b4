using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Further clients of OpenAI's protocols, unmodified: LangChain, and openai of the major version before. Models and tools are called once each.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class OpenAIClientTests(ContractFixture app)
{
    [Theory]
    [InlineData("chat", """{"text":"It is sunny.","usage":18}""", 1)]
    [InlineData("stream", """{"text":"It is sunny."}""", 1)]
    [InlineData("responses", """{"text":"It is sunny.","id":true}""", 1)]
    [InlineData("openai6Chat", """{"text":"It is sunny."}""", 1)]
    [InlineData("openai6Response", """{"first":"It is sunny.","second":"It is sunny."}""", 2)]
    public async Task Client_is_answered(string step, string expected, int modelCalls)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        var calls = 0;
        app.Model.RespondWith(_ =>
        {
            Interlocked.Increment(ref calls);
            return ModelReply.Text("It is sunny.");
        });

        Assert.Equal((expected, modelCalls), (await RunAsync(agent, step), calls));
    }

    [Theory]
    [InlineData("chatTool", """{"text":"It is Rome: sunny.","made":1,"calls":1}""")]
    [InlineData("responsesTool", """{"text":"It is Rome: sunny.","made":1,"calls":1}""")]
    [InlineData("openai6Tools", """{"text":"It is Rome: sunny.","made":1}""")]
    public async Task Client_makes_its_own_tool(string step, string expected)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        var calls = 0;
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref calls);
            return request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("weather", """{"city":"Rome"}""")) : ModelReply.Text($"It is {request.ToolResults[^1]}.");
        });

        Assert.Equal((expected, 2), (await RunAsync(agent, step), calls));
    }

    [Fact]
    public async Task Client_is_answered_by_its_schema()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        app.Model.RespondWith(_ => ModelReply.Text("""{"total":391}"""));
        Assert.Equal("""{"total":391}""", await RunAsync(agent, "structured"));
    }

    private async Task<string> RunAsync(string agent, string step) =>
        (await ClientTools.NodeAsync(Path.Combine("langchain", "run.mjs"), app.Http.BaseAddress!.ToString(), agent, step)).Trim();
}
