using System.Globalization;
using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What users may use: each test has a user of its own, whose limits an admin sets.</summary>
[Collection(UsersHost.Name)]
public sealed class LimitTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");
    private static readonly string[] Calculator = ["calculator"];

    private readonly string _user = $"u{Guid.NewGuid():N}";

    [Fact]
    public async Task Rate_that_is_used_up_is_429_and_every_answer_says_what_is_left()
    {
        await LimitAsync(new { requestsPerMinute = 1 });

        using var started = await StartAsync(Wait);
        using var refused = await StartAsync(Wait);

        Assert.Equal(HttpStatusCode.OK, started.StatusCode);
        await AssertRefusedAsync(refused, "rate_limited", "1 runs started per minute", 60);
        Assert.Equal(["0", "0"], new[] { started, refused }.Select(response => Header(response, "RateLimit-Remaining")));
        Assert.All([started, refused], response => Assert.Equal("1", Header(response, "RateLimit-Limit")));
        Assert.All([started, refused], response => Assert.InRange(int.Parse(Header(response, "RateLimit-Reset"), CultureInfo.InvariantCulture), 1, 60));
    }

    [Fact]
    public async Task Answers_tell_the_rate_where_nobody_has_set_one_and_where_the_request_was_wrong()
    {
        using var good = await StartAsync(Wait);
        using var bad = await app.Http.PostRunAsync("assistant", new { input = 5 }, app.As(_user));

        Assert.Equal("60000", Header(good, "RateLimit-Limit"));
        Assert.InRange(int.Parse(Header(good, "RateLimit-Remaining"), CultureInfo.InvariantCulture), 59_000, 60_000);
        Assert.Equal((HttpStatusCode.BadRequest, "60000"), (bad.StatusCode, Header(bad, "RateLimit-Limit")));
    }

    [Fact]
    public async Task OpenAIs_clients_are_told_the_tokens_that_are_left_of_the_day()
    {
        await LimitAsync(new { tokensPerDay = 100_000 });
        var agent = await PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        var body = $$"""{"model":"{{agent}}","messages":[{"role":"user","content":"Hi"}]}""";

        using var first = await app.Http.SendJsonAsync(HttpMethod.Post, "/v1/chat/completions", body, app.As(_user));
        using var second = await app.Http.SendJsonAsync(HttpMethod.Post, "/v1/chat/completions", body, app.As(_user));
        using var other = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/invoke", """{"input":"Hi"}""", app.As(_user));

        Assert.Equal(["100000", "100000"], new[] { first, second }.Select(response => Header(response, "x-ratelimit-limit-tokens")));
        Assert.Equal(["99982", "99964"], new[] { first, second }.Select(response => Header(response, "x-ratelimit-remaining-tokens")));
        Assert.Matches("^[0-9]{1,5}s$", Header(first, "x-ratelimit-reset-tokens"));
        Assert.False(other.Headers.Contains("x-ratelimit-limit-tokens"));
    }

    [Fact]
    public async Task Run_too_many_at_the_same_time_is_429_until_another_ends()
    {
        await LimitAsync(new { concurrentRuns = 1 });
        var agent = await PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var running = await app.Http.PostRunAsync(agent, new { input = "Go" }, app.As(_user));
        await gate.Reached;

        using var refused = await app.Http.PostRunAsync(agent, new { input = "Go" }, app.As(_user));
        gate.Open();
        await app.Http.EndOfRunAsync((await running.ReadAsync()).Text("id"), app.As(_user));
        using var next = await app.Http.PostRunAsync(agent, new { input = "Go" }, Wait, app.As(_user));

        await AssertRefusedAsync(refused, "too_many_concurrent_runs", "1 runs go on at the same time", 60);
        Assert.Equal("completed", (await next.ReadAsync()).Text("status"));
    }

    [Fact]
    public async Task Budget_that_is_used_up_is_429_until_midnight()
    {
        await LimitAsync(new { tokensPerDay = 0 });

        using var refused = await StartAsync(Wait);

        var detail = await AssertRefusedAsync(refused, "quota_exceeded", "0 tokens a day", 24 * 3600);
        Assert.Contains($"{DateTime.UtcNow.AddDays(1):yyyy-MM-dd}T00:00:00Z", detail, StringComparison.Ordinal);
        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", app.As(_user));
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Budget_that_ends_during_a_run_ends_it_before_its_next_model_call(bool waiting)
    {
        await LimitAsync(new { tokensPerDay = 4_000 });
        var agent = await PutAgentAsync(new { model = "openai:scripted", tools = Calculator, maxOutputTokens = 500 });
        var asked = 0;
        app.Model.RespondWith(_ =>
        {
            Interlocked.Increment(ref asked);
            return ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")) with { InputTokens = 500, OutputTokens = 500 };
        });

        using var started = await app.Http.PostRunAsync(agent, new { input = "Go" }, waiting ? [Wait, app.As(_user)] : [app.As(_user)]);
        var run = await app.Http.EndOfRunAsync((await started.ReadAsync()).Text("id"), app.As(_user));
        var today = (await UsageAsync()).GetProperty("today");

        Assert.Equal(("failed", "quota"), (run.Text("status"), run.Text("stopReason")));
        Assert.Equal("quota_exceeded", run.GetProperty("error").Text("code"));
        Assert.Contains("4000 tokens a day", run.GetProperty("error").Text("message"), StringComparison.Ordinal);
        Assert.InRange(asked, 2, 4);
        Assert.Equal(asked * 1_000, today.GetProperty("tokens").GetInt32());
    }

    [Fact]
    public async Task Repeated_request_is_the_same_run_and_neither_counted_nor_refused()
    {
        await LimitAsync(new { requestsPerMinute = 1 });
        var key = ("Idempotency-Key", Guid.NewGuid().ToString("N"));

        using var first = await StartAsync(Wait, key);
        using var again = await StartAsync(Wait, key);

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal((await first.ReadAsync()).Text("id"), (await again.ReadAsync()).Text("id"));
        Assert.Equal(1, (await UsageAsync()).GetProperty("today").GetProperty("requests").GetInt32());
    }

    [Fact]
    public async Task Usage_is_the_sum_of_the_runs()
    {
        var agent = await PutAgentAsync(new { model = "openai:priced", tools = Calculator });
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}""")) with { InputTokens = 1000, OutputTokens = 200 }
            : ModelReply.Text("391.") with { InputTokens = 1100, OutputTokens = 10 });

        var runs = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ =>
        {
            using var answer = await app.Http.PostRunAsync(agent, new { input = "How much?" }, Wait, app.As(_user));
            return (await answer.ReadAsync()).GetProperty("usage");
        }));
        var usage = await UsageAsync("?days=3");

        var today = usage.GetProperty("today");
        Assert.Equal(runs.Sum(run => run.GetProperty("totalTokens").GetInt64()), today.GetProperty("tokens").GetInt64());
        Assert.Equal(runs.Sum(run => run.GetProperty("costUsd").GetDecimal()), today.GetProperty("costUsd").GetDecimal());
        Assert.Equal(5, today.GetProperty("requests").GetInt32());
        Assert.Equal(5 * 2_310, today.GetProperty("tokens").GetInt64());
        Assert.Equal(3, usage.GetProperty("days").GetArrayLength());
        Assert.Equal(today.GetRawText(), usage.GetProperty("days")[0].GetRawText());
        Assert.Equal($"{DateTime.UtcNow.AddDays(-2):yyyy-MM-dd}", usage.GetProperty("days")[2].Text("date"));
        Assert.Equal((100, 60_000), (usage.GetProperty("limits").GetProperty("concurrentRuns").GetInt32(), usage.GetProperty("limits").GetProperty("requestsPerMinute").GetInt32()));
        Assert.False(usage.GetProperty("limits").TryGetProperty("tokensPerDay", out JsonElement _));
    }

    [Fact]
    public async Task Admin_reads_a_users_usage_and_limits_and_takes_limits_back()
    {
        await LimitAsync(new { tokensPerDay = 5_000, costPerDayUsd = 1.5, requestsPerMinute = 7, concurrentRuns = 3 });

        using var usage = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/usage?userId={_user}", "", Admin);
        using var limits = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/users/{_user}/limits", "", Admin);
        await LimitAsync(new { tokensPerDay = (int?)null });
        var after = (await UsageAsync()).GetProperty("limits");

        var own = await limits.ReadAsync();
        Assert.Equal(own.GetRawText(), (await usage.ReadAsync()).GetProperty("limits").GetRawText());
        Assert.Equal(
            (5_000, 1.5m, 7, 3),
            (own.GetProperty("tokensPerDay").GetInt32(), own.GetProperty("costPerDayUsd").GetDecimal(), own.GetProperty("requestsPerMinute").GetInt32(), own.GetProperty("concurrentRuns").GetInt32()));
        Assert.Equal((100, 60_000), (after.GetProperty("concurrentRuns").GetInt32(), after.GetProperty("requestsPerMinute").GetInt32()));
        Assert.False(after.TryGetProperty("tokensPerDay", out _));
    }

    [Theory]
    [InlineData("""{"tokensPerDay":-1}""", "tokensPerDay")]
    [InlineData("""{"tokensPerDay":1.5}""", "tokensPerDay")]
    [InlineData("""{"tokensPerDay":"5"}""", "tokensPerDay")]
    [InlineData("""{"tokensPerDay":1e99}""", "tokensPerDay")]
    [InlineData("""{"costPerDayUsd":-0.1}""", "costPerDayUsd")]
    [InlineData("""{"costPerDayUsd":true}""", "costPerDayUsd")]
    [InlineData("""{"requestsPerMinute":0}""", "requestsPerMinute")]
    [InlineData("""{"requestsPerMinute":60001}""", "requestsPerMinute")]
    [InlineData("""{"concurrentRuns":0}""", "concurrentRuns")]
    [InlineData("""{"concurrentRuns":501}""", "concurrentRuns")]
    [InlineData("""{"perDay":5}""", "perDay")]
    [InlineData("[]", "body")]
    [InlineData("", "body")]
    public async Task Limits_that_cannot_be_are_400_and_named(string body, string field)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{_user}/limits", body, Admin);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.ReadAsync()).GetProperty("errors").TryGetProperty(field, out _));
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("PUT")]
    public async Task Limits_are_for_admins_only_and_for_who_can_be_a_user(string method)
    {
        using var other = await app.Http.SendJsonAsync(new HttpMethod(method), $"/api/users/{_user}/limits", "{}", app.As("mallory"));
        using var self = await app.Http.SendJsonAsync(new HttpMethod(method), $"/api/users/{_user}/limits", "{}", app.As(_user));
        using var query = await app.Http.SendJsonAsync(new HttpMethod(method), $"/api/users/{_user}/limits?tenant=x", "{}", Admin);
        using var malformed = await app.Http.SendJsonAsync(new HttpMethod(method), "/api/users/a%0Ab/limits", "{}", Admin);

        Assert.Equal(
            (HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest),
            (other.StatusCode, self.StatusCode, query.StatusCode, malformed.StatusCode));
    }

    private (string Name, string Value) Admin => app.As("root", "admin");

    private async Task LimitAsync(object limits)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{_user}/limits", JsonSerializer.Serialize(limits), Admin);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task<JsonElement> UsageAsync(string query = "")
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/usage{query}", "", app.As(_user));
        return await response.ReadAsync();
    }

    private async Task<string> PutAgentAsync(object? definition = null)
    {
        using var response = await app.Http.SendJsonAsync(
            HttpMethod.Put, "/api/agents/limited", JsonSerializer.Serialize(definition ?? new { model = "openai:scripted" }), app.As(_user));
        response.EnsureSuccessStatusCode();
        return "limited";
    }

    private Task<HttpResponseMessage> StartAsync(params (string, string)[] headers) =>
        app.Http.PostRunAsync("assistant", new { input = "Hello" }, [.. headers, app.As(_user)]);

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    /// <returns>What it says.</returns>
    private static async Task<string> AssertRefusedAsync(HttpResponseMessage response, string code, string detail, int maxSeconds)
    {
        var problem = await response.ReadAsync();
        Assert.Equal((HttpStatusCode.TooManyRequests, code), (response.StatusCode, problem.Text("code")));
        Assert.Contains(detail, problem.Text("detail"), StringComparison.Ordinal);
        Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, maxSeconds);
        return problem.Text("detail");
    }
}
