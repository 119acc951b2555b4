using System.Text.Json;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Why a provider gave no answer is in the step, in its own words, for operators and nobody else.</summary>
public sealed class UpstreamReasonTests(ProviderCaseFixture app) : IClassFixture<ProviderCaseFixture>
{
    // As it is set for the provider: of a form that nothing else would know for a key.
    private const string Key = "key-of-mistral";
    private const string Secret = "sk-proj-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private static readonly (string, string) Admin = ("Authorization", "Bearer dev:root:admin");

    public static TheoryData<string> Refusals => new()
    {
        // As a status of its own; in place of an answer; within a stream, before and after its first word.
        $$$"""{"status":400,"json":{{{Error}}}}""",
        $$$"""{"json":{{{Error}}}}""",
        $$$"""{"sse":["data: {{{Escaped}}}",""]}""",
        $$$"""{"sse":["data: {\"id\":\"1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"3\"}}]}","","data: {{{Escaped}}}",""]}""",
    };

    private static string Error => $$$"""{"error":{"message":"Temperature must be 1 for the key {{{Key}}}, not {{{Secret}}} of ada@example.com","type":"invalid_request_error","param":"temperature","code":"unsupported_value {{{Key}}}","status":400}}""";

    private static string Escaped => Error.Replace("\"", "\\\"", StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task Refusal_of_a_request_is_in_the_step_for_operators_only(string answer)
    {
        var (user, run) = await RefusedAsync(answer, fallbacks: []);

        var seen = Assert.Single(await ModelStepsAsync($"/api/runs/{run.Text("id")}/steps?userId={user}", Admin));
        var failure = Assert.Single(seen.GetProperty("failures").EnumerateArray());

        Assert.Equal(("failed", "provider_rejected"), (run.Text("status"), run.GetProperty("error").Text("code")));
        Assert.Equal(("failed", "error"), (seen.Text("status"), seen.Text("finishReason")));
        Assert.Equal("provider_rejected", failure.Text("code"));
        Assert.StartsWith("mistral:", failure.Text("model"), StringComparison.Ordinal);
        var upstream = failure.GetProperty("upstream");
        Assert.Equal(("invalid_request_error", "temperature"), (upstream.Text("type"), upstream.Text("param")));
        Assert.StartsWith("unsupported_value", upstream.Text("code"), StringComparison.Ordinal);
        Assert.StartsWith("Temperature must be 1 for the key ", upstream.Text("message"), StringComparison.Ordinal);
        Assert.All([Key, Secret, "ada@example.com"], secret => Assert.DoesNotContain(secret, seen.GetRawText(), StringComparison.OrdinalIgnoreCase));
        await AssertNobodyElseSeesItAsync(user, run.Text("id"));
    }

    [Fact]
    public async Task Model_that_gave_no_answer_is_in_the_step_of_the_one_that_did()
    {
        var (user, run) = await RefusedAsync("""{"status":404,"json":{"error":{"message":"The model is gone.","code":"model_not_found"}}}""", fallbacks: ["groq:spare"]);

        var seen = Assert.Single(await ModelStepsAsync($"/api/runs/{run.Text("id")}/steps?userId={user}", Admin));

        Assert.Equal(("completed", "391", "groq:spare"), (run.Text("status"), run.Text("output"), seen.Text("servedBy")));
        var failure = Assert.Single(seen.GetProperty("failures").EnumerateArray());
        Assert.Equal(("model_unavailable", "model_not_found", "The model is gone."), (failure.Text("code"), failure.GetProperty("upstream").Text("code"), failure.GetProperty("upstream").Text("message")));
        await AssertNobodyElseSeesItAsync(user, run.Text("id"));
    }

    private async Task<(string User, JsonElement Run)> RefusedAsync(string answer, string[] fallbacks)
    {
        var (user, model) = ($"u{Guid.NewGuid():N}", $"m{Guid.NewGuid():N}");
        app.Server.Script(model, Enumerable.Repeat(new CaseAnswer(JsonElement.Parse(answer)), 3), streams: false);
        var definition = JsonSerializer.Serialize(new { model = $"mistral:{model}", fallbacks });
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/refused", definition, As(user));
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/agents/refused/runs", """{"input":"Hello","stream":true}""", As(user), ("Prefer", "wait=60"));
        return (user, await response.ReadAsync());
    }

    private async Task AssertNobodyElseSeesItAsync(string user, string run)
    {
        foreach (var path in new[] { $"/api/runs/{run}", $"/api/runs/{run}/steps", "/api/users/me/export", $"/api/runs/{run}/events" })
        {
            using var response = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", As(user));
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.IsSuccessStatusCode, text);
            Assert.All(["failures", "upstream", "unsupported_value", "Temperature must", "model_not_found", Key], word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
        }
    }

    private async Task<List<JsonElement>> ModelStepsAsync(string path, (string, string) caller)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", caller);
        return [.. (await response.ReadAsync()).GetProperty("items").EnumerateArray().Where(step => step.Text("kind") == "model")];
    }

    private static (string, string) As(string user) => ("Authorization", $"Bearer dev:{user}");
}
