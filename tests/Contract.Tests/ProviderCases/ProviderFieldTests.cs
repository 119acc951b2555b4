using System.Text.Json;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>What of an agent and a conversation reaches a provider in fields of its own, from the HTTP request to the wire.</summary>
public sealed class ProviderFieldTests(ProviderCaseFixture app) : IClassFixture<ProviderCaseFixture>
{
    private readonly string _model = $"gpt-5-{Guid.NewGuid():N}";

    [Fact]
    public async Task Prompt_cache_key_is_one_per_conversation_and_tells_nothing_of_it()
    {
        var (one, other) = ($"conversation-{Guid.NewGuid():N}", $"conversation-{Guid.NewGuid():N}");
        foreach (var (user, conversation) in new[] { ("ada", one), ("ada", one), ("ada", other), ("bob", one) })
        {
            await RunAsync(user, "openai", new { input = "Hello", conversationId = conversation });
        }

        var keys = app.Server.Requests(_model).Select(request => request.Body.Text("prompt_cache_key")).ToList();

        Assert.Equal(4, keys.Count);
        Assert.Equal(keys[0], keys[1]);
        Assert.Equal(3, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Matches("^[A-Za-z0-9_-]{16,64}$", key));
        Assert.All(keys, key => Assert.DoesNotContain("conversation", key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Prompt_cache_key_is_not_sent_to_who_does_not_know_it()
    {
        await RunAsync("ada", "mistral", new { input = "Hello", conversationId = "c-1" });

        Assert.False(Assert.Single(app.Server.Requests(_model)).Body.TryGetProperty("prompt_cache_key", out _));
    }

    [Theory]
    [InlineData("high", "high")]
    [InlineData("none", "minimal")]
    [InlineData(null, null)]
    public async Task Reasoning_effort_of_the_agent_reaches_the_model_in_its_own_words(string? ofAgent, string? sent)
    {
        await RunAsync("ada", "openai", new { input = "Hello" }, ofAgent);

        var body = Assert.Single(app.Server.Requests(_model)).Body;
        Assert.Equal(sent, body.TryGetProperty("reasoning_effort", out var effort) ? effort.GetString() : null);
    }

    private async Task RunAsync(string user, string provider, object body, string? effort = null)
    {
        var caller = ("Authorization", $"Bearer dev:{user}");
        var definition = effort is null ? JsonSerializer.Serialize(new { model = $"{provider}:{_model}" }) : JsonSerializer.Serialize(new { model = $"{provider}:{_model}", reasoningEffort = effort });
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/fields", definition, caller);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/agents/fields/runs", JsonSerializer.Serialize(body), caller, ("Prefer", "wait=60"));
        Assert.Equal("completed", (await response.ReadAsync()).Text("status"));
    }
}
