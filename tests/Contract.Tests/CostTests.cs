using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(UsersHost.Name)]
public sealed class CostTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");
    private static readonly string[] Tools = ["calculator"];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_says_exactly_what_it_cost_and_so_does_each_step(bool waiting)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:priced", tools = Tools });
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}""")) with { InputTokens = 1000, OutputTokens = 200, CachedInputTokens = 400, CacheWriteTokens = 100, ReasoningTokens = 150 }
            : ModelReply.Text("391.") with { InputTokens = 1100, OutputTokens = 10 });

        var (run, steps) = await RunAsync(agent, "How much?", waiting ? [Wait] : []);

        // 500 × 2.50 + 400 × 1.25 + 100 × 3 + 200 × 10, and 1100 × 2.50 + 10 × 10, per million.
        var usage = run.GetProperty("usage");
        Assert.Equal(0.00405m + 0.00285m, usage.GetProperty("costUsd").GetDecimal());
        Assert.Equal(
            (2100, 210, 400, 100, 150),
            (Number(usage, "inputTokens"), Number(usage, "outputTokens"), Number(usage, "cachedInputTokens"), Number(usage, "cacheWriteInputTokens"), Number(usage, "reasoningTokens")));
        Assert.False(usage.TryGetProperty("unpricedModels", out _));
        Assert.Equal([0.00405m, 0.00285m], steps.Where(step => step.Text("kind") == "model").Select(step => step.GetProperty("costUsd").GetDecimal()));
        Assert.Equal((400, 100, 150), (Number(steps[0], "cachedInputTokens"), Number(steps[0], "cacheWriteInputTokens"), Number(steps[0], "reasoningTokens")));
        Assert.All(["cachedInputTokens", "cacheWriteInputTokens"], name => Assert.False(steps[^1].TryGetProperty(name, out _)));
        Assert.False(steps.Single(step => step.Text("kind") == "tool").TryGetProperty("costUsd", out _));
    }

    [Fact]
    public async Task Model_without_a_price_counts_tokens_and_the_run_says_so()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted" });
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));

        var (run, steps) = await RunAsync(agent, "Hello", Wait);

        var usage = run.GetProperty("usage");
        Assert.Equal((18, 0m), (Number(usage, "totalTokens"), usage.GetProperty("costUsd").GetDecimal()));
        Assert.Equal(["openai:scripted"], usage.GetProperty("unpricedModels").EnumerateArray().Select(model => model.GetString()));
        Assert.False(steps[0].TryGetProperty("costUsd", out _));
    }

    [Fact]
    public async Task Demo_is_free()
    {
        var (run, steps) = await RunAsync("assistant", "What is 17*23?", Wait);
        var usage = run.GetProperty("usage");
        Assert.Equal(0m, usage.GetProperty("costUsd").GetDecimal());
        Assert.False(usage.TryGetProperty("unpricedModels", out _));
        Assert.Equal(0m, steps[0].GetProperty("costUsd").GetDecimal());
    }

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private async Task<(JsonElement Run, List<JsonElement> Steps)> RunAsync(string agent, string input, params (string, string)[] headers)
    {
        using var started = await app.Http.PostRunAsync(agent, new { input }, headers);
        var run = await app.Http.EndOfRunAsync((await started.ReadAsync()).Text("id"));
        Assert.Equal("completed", run.Text("status"));
        using var timeline = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        return (run, [.. (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().Where(step => step.Text("kind") != "input")]);
    }
}
