using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Settings of one run: which model, and how it chooses its words.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class RunSettingsTests(ContractFixture app)
{
    private static readonly string[] Allowed = ["openai:other", "openai:third"];

    [Theory]
    [InlineData("/api/agents/{0}/runs", """{"input":"Hi","model":"openai:other","topP":0.5}""")]
    [InlineData("/api/agents/{0}/invoke", """{"input":"Hi","model":"openai:other","topP":0.5}""")]
    [InlineData("/api/agents/{0}/chat", """{"id":"c","model":"openai:other","topP":0.5,"message":{"role":"user","parts":[{"type":"text","text":"Hi"}]} }""")]
    [InlineData("/v1/chat/completions", """{"model":"{0}@openai:other","top_p":0.5,"messages":[{"role":"user","content":"Hi"}]}""")]
    [InlineData("/v1/responses", """{"model":"{0}@openai:other","top_p":0.5,"input":"Hi"}""")]
    public async Task Model_is_one_that_the_agent_allows(string path, string body)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", allowedModels = Allowed });
        List<(string Model, string TopP)> asked = [];
        app.Model.RespondWith(request =>
        {
            asked.Add((request.Model, request.Body.TryGetProperty("top_p", out var top) ? top.GetRawText() : ""));
            return ModelReply.Text("Hello.");
        });
        string Fill(string text) => text.Replace("{0}", agent, StringComparison.Ordinal).Replace("\"c\"", $"\"c{Guid.NewGuid():N}\"", StringComparison.Ordinal);

        using var answered = await app.Http.SendJsonAsync(HttpMethod.Post, Fill(path), Fill(body), ("Prefer", "wait=60"));
        await answered.Content.ReadAsStringAsync();
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, Fill(path), Fill(body).Replace("openai:other", "openai:dear", StringComparison.Ordinal));

        Assert.True(answered.IsSuccessStatusCode);
        Assert.Equal(("other", "0.5"), Assert.Single(asked));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("This agent runs with openai:scripted, openai:other, openai:third.", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"input":"Hi","model":"openai:other"}""", "model")]
    [InlineData("""{"input":"Hi","model":""}""", "model")]
    [InlineData("""{"input":"Hi","model":1}""", "model")]
    [InlineData("""{"input":"Hi","topP":1.5}""", "topP")]
    [InlineData("""{"input":"Hi","topP":"much"}""", "topP")]
    public async Task What_is_not_allowed_is_named(string body, string field)
    {
        var agent = await app.PutAgentAsync();
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", body);
        Assert.True((await refused.ReadAsync()).GetProperty("errors").TryGetProperty(field, out _));
    }

    [Fact]
    public async Task Models_that_an_agent_allows_are_checked_like_its_own()
    {
        using var refused = await app.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/agents/a{Guid.NewGuid():N}", """{"model":"openai:scripted","allowedModels":["openai:other","nobody:other"]}""");
        Assert.True((await refused.ReadAsync()).GetProperty("errors").TryGetProperty("allowedModels[1]", out _));
    }

    [Fact]
    public async Task Of_all_words_models_are_not_told()
    {
        var agent = await app.PutAgentAsync();
        JsonElement body = default;
        app.Model.RespondWith(request =>
        {
            body = request.Body;
            return ModelReply.Text("Hello.");
        });
        using var answered = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/invoke", """{"input":"Hi","topP":1}""");

        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        Assert.False(body.TryGetProperty("top_p", out _));
    }
}
