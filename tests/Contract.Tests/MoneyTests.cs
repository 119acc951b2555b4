using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What was sent is counted, whatever becomes of it, and the budget of its user holds. Each test has a user of its own.</summary>
public sealed class MoneyTests(ContractFixture app) : IClassFixture<ContractFixture>
{
    private const string Input = "Say a great many words, please, about anything that you like.";

    private static readonly (string, string) Wait = ("Prefer", "wait=60");
    private static readonly string[] Calculator = ["calculator"];
    private static readonly string[] Fallback = ["openai:other"];
    private static readonly string Words = string.Join(' ', Enumerable.Repeat("many words", 400));

    private readonly string _user = $"u{Guid.NewGuid():N}";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stream_that_is_cancelled_costs_what_was_sent_and_what_had_come(bool afterText)
    {
        var agent = await PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Text(Words) with { Gate = afterText ? null : gate, MidStreamGate = afterText ? gate : null });
        var id = await StartAsync(agent, new { input = Input, stream = true });
        await gate.Reached;
        await ShownAsync(id, afterText);

        using var cancelled = await SendAsync(HttpMethod.Post, $"/api/runs/{id}/cancel");

        await AssertCountedAsync(id, "cancelled", afterText ? 300 : 0);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public async Task Call_that_the_deadline_cuts_off_costs_what_was_sent_and_what_had_come(bool stream, bool afterText)
    {
        var agent = await PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Text(Words) with { Gate = afterText ? null : gate, MidStreamGate = afterText ? gate : null });

        // Long enough for a busy machine to send the call before.
        var id = await StartAsync(agent, new { input = Input, stream, deadlineSeconds = 8 });

        await AssertCountedAsync(id, "expired", afterText ? 300 : 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Inline_run_whose_client_leaves_costs_what_was_sent_and_what_had_come(bool stream)
    {
        var agent = await PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Text(Words) with { Gate = stream ? null : gate, MidStreamGate = stream ? gate : null });
        using var leaving = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/agents/{agent}/invoke")
        {
            Content = new StringContent(JsonSerializer.Serialize(new { input = Input, stream })),
            Headers = { { "Accept", stream ? "text/event-stream" : "application/json" }, { "Authorization", app.As(_user).Value } },
        };
        var asking = app.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        await gate.Reached;
        if (stream)
        {
            using var response = await asking;
            await ReadUntilAsync(response, "event: model.delta");
        }
        else
        {
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        }

        // The run ends when its host notices that nobody reads any more.
        var tokens = await Poll.UntilAsync(TokensOfTodayAsync, tokens => tokens > 0);
        Assert.True(tokens >= (stream ? 200 : 10), $"{tokens}");
    }

    [Fact]
    public async Task Stream_that_breaks_after_text_is_counted_beside_the_answer_of_the_fallback()
    {
        var agent = await PutAgentAsync(new { model = "openai:scripted", fallbacks = Fallback });
        var broken = new Gate();
        app.Model.RespondWith(request => request.Model == "scripted"
            ? ModelReply.Text(Words) with { Fault = ConnectionFault.MidBody, MidStreamGate = broken }
            : ModelReply.Text("Done."));
        var id = await StartAsync(agent, new { input = Input, stream = true });
        await broken.Reached;
        await ShownAsync(id, afterText: true);
        broken.Open();

        var (run, steps) = await EndAsync(id);

        var usage = run.GetProperty("usage");
        Assert.Equal(("completed", "Done."), (run.Text("status"), run.Text("output")));
        Assert.True(usage.GetProperty("estimated").GetBoolean());
        Assert.True(Number(usage, "inputTokens") > 11 + 10 && Number(usage, "outputTokens") > 7 + 300, usage.GetRawText());
        Assert.Equal(("openai:other", "other"), (steps[0].Text("servedBy"), steps[0].Text("responseModel")));
        Assert.Equal(Number(usage, "totalTokens"), await TokensOfTodayAsync());
    }

    [Fact]
    public async Task Call_that_fails_after_it_was_sent_is_a_step_with_its_cost()
    {
        var agent = await PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text(Words) with { Fault = ConnectionFault.BeforeAnswer });

        var (run, steps) = await EndAsync(await StartAsync(agent, new { input = Input }));

        Assert.Equal(("failed", "provider_error"), (run.Text("status"), run.Text("stopReason")));
        Assert.Equal(("model", "failed", "error"), (steps[0].Text("kind"), steps[0].Text("status"), steps[0].Text("finishReason")));
        Assert.True(steps[0].GetProperty("estimated").GetBoolean());
        Assert.True(Number(run.GetProperty("usage"), "inputTokens") >= 30, "Three attempts were sent.");
        Assert.Equal(Number(run.GetProperty("usage"), "totalTokens"), await TokensOfTodayAsync());
    }

    [Fact]
    public async Task Requests_that_were_refused_cost_nothing()
    {
        var agent = await PutAgentAsync();
        app.Model.Enqueue(ModelReply.Status(503), ModelReply.Status(429)).RespondWith(_ => ModelReply.Text("Done."));

        var (run, _) = await EndAsync(await StartAsync(agent, new { input = Input }));
        app.Model.RespondWith(_ => ModelReply.Status(400));
        var (refused, steps) = await EndAsync(await StartAsync(agent, new { input = Input }));

        var usage = run.GetProperty("usage");
        Assert.Equal((11, 7), (Number(usage, "inputTokens"), Number(usage, "outputTokens")));
        Assert.False(usage.TryGetProperty("estimated", out _));
        Assert.Equal("failed", refused.Text("status"));
        var step = Assert.Single(steps);
        Assert.Equal("failed", step.Text("status"));
        Assert.False(step.TryGetProperty("usage", out _));
        Assert.Equal(18, await TokensOfTodayAsync());
    }

    public static TheoryData<string> Reports => new("none", "zero", "negative");

    [Theory]
    [MemberData(nameof(Reports))]
    public async Task Budget_holds_whatever_the_provider_reports(string report)
    {
        await LimitAsync(new { tokensPerDay = 6_000 });
        var agent = await PutAgentAsync(new { model = "openai:priced", maxOutputTokens = 1_000 });
        var asked = 0;
        app.Model.RespondWith(_ =>
        {
            Interlocked.Increment(ref asked);
            return report switch
            {
                "none" => ModelReply.Text(Words) with { ReportsUsage = false },
                "zero" => ModelReply.Text(Words) with { InputTokens = 0, OutputTokens = 0 },
                _ => ModelReply.Text(Words) with { InputTokens = -1_000_000, OutputTokens = -1_000_000 },
            };
        });

        HttpStatusCode status;
        var runs = 0;
        do
        {
            using var started = await app.Http.PostRunAsync(agent, new { input = Input }, Wait, app.As(_user));
            status = started.StatusCode;
            if (status == HttpStatusCode.OK)
            {
                var usage = (await started.ReadAsync()).GetProperty("usage");
                Assert.True(usage.GetProperty("estimated").GetBoolean());
                Assert.True(Number(usage, "inputTokens") > 10 && Number(usage, "outputTokens") > 700, usage.GetRawText());
                Assert.True(usage.GetProperty("costUsd").GetDecimal() > 0);
            }
        }
        while (status == HttpStatusCode.OK && ++runs < 20);

        Assert.Equal(HttpStatusCode.TooManyRequests, status);
        Assert.InRange(asked, 4, 8);
        Assert.InRange(await TokensOfTodayAsync(), 4_000, 6_000);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"n":{"type":"number","multipleOf":0}},"required":["n"]}""", """{"n":4}""")]
    [InlineData("""{"type":"object","properties":{"n":{"type":"integer","multipleOf":1e-400}},"required":["n"]}""", """{"n":4}""")]
    public async Task Schema_that_cannot_be_checked_is_a_named_outcome_and_not_calls_again_and_again(string schema, string answer)
    {
        using var put = await SendAsync(HttpMethod.Put, "/api/agents/schema", $$"""{"model":"openai:scripted","responseSchema":{{schema}}}""");
        var asked = 0;
        app.Model.RespondWith(_ =>
        {
            Interlocked.Increment(ref asked);
            return ModelReply.Text(answer);
        });
        if (put.StatusCode == HttpStatusCode.BadRequest)
        {
            // A schema that nothing can be held against may be refused where it is written.
            Assert.True((await put.ReadAsync()).GetProperty("errors").TryGetProperty("responseSchema", out _));
            return;
        }

        var (run, _) = await EndAsync(await StartAsync("schema", new { input = Input }));

        Assert.Equal(("failed", "invalid_output"), (run.Text("status"), run.GetProperty("error").Text("code")));
        Assert.Equal(2, asked);
        Assert.Equal((2, 36), (Number(run.GetProperty("usage"), "modelCalls"), Number(run.GetProperty("usage"), "totalTokens")));
    }

    public static TheoryData<string> Unstorable => new(
        """{"expression":"1+1 \ud83d"}""",
        """{"expression":{"\ude00":"\ud83d"}}""",
        $$"""{"expression":{{new string('[', 61)}}{{new string(']', 61)}}}""");

    [Theory]
    [MemberData(nameof(Unstorable))]
    public async Task Arguments_that_cannot_be_stored_are_refused_to_the_model_which_is_not_asked_again_for_them(string arguments)
    {
        var agent = await PutAgentAsync(new { model = "openai:scripted", tools = Calculator });
        var asked = 0;
        app.Model.RespondWith(request =>
        {
            Interlocked.Increment(ref asked);
            return request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("calculator", arguments)) : ModelReply.Text("Sorry.");
        });

        var (run, steps) = await EndAsync(await StartAsync(agent, new { input = Input }));

        Assert.Equal(("completed", "Sorry."), (run.Text("status"), run.Text("output")));
        Assert.Equal((2, 36), (asked, Number(run.GetProperty("usage"), "totalTokens")));
        Assert.Equal(["model", "tool", "model"], steps.Select(step => step.Text("kind")));
        Assert.Equal("refused", steps[1].Text("status"));
    }

    /// <summary>Waits until readers have been shown text, where there is to be any.</summary>
    private async Task ShownAsync(string id, bool afterText)
    {
        if (!afterText)
        {
            return;
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events") { Headers = { { "Authorization", app.As(_user).Value } } };
        using var events = await app.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await ReadUntilAsync(events, "event: model.delta");
    }

    private static async Task ReadUntilAsync(HttpResponseMessage events, string line)
    {
        using var reader = new StreamReader(await events.Content.ReadAsStreamAsync());
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await reader.ReadLineAsync(bound.Token) != line)
        {
        }
    }

    private async Task AssertCountedAsync(string id, string status, int leastOutput)
    {
        var (run, steps) = await EndAsync(id);
        var usage = run.GetProperty("usage");
        Assert.Equal(status, run.Text("status"));
        Assert.True(usage.GetProperty("estimated").GetBoolean(), run.GetRawText());
        Assert.InRange(Number(usage, "inputTokens"), 10, 40);
        Assert.InRange(Number(usage, "outputTokens"), leastOutput, leastOutput == 0 ? 0 : 1_000);
        Assert.True(usage.GetProperty("costUsd").GetDecimal() > 0);
        var step = Assert.Single(steps);
        Assert.Equal(("model", "cancelled"), (step.Text("kind"), step.Text("status")));
        Assert.True(step.GetProperty("estimated").GetBoolean());
        Assert.Equal(Number(usage, "inputTokens"), Number(step, "inputTokens"));
        Assert.Equal(Number(usage, "totalTokens"), await TokensOfTodayAsync());
    }

    private async Task<string> PutAgentAsync(object? definition = null)
    {
        using var response = await SendAsync(HttpMethod.Put, "/api/agents/money", JsonSerializer.Serialize(definition ?? new { model = "openai:priced" }));
        response.EnsureSuccessStatusCode();
        return "money";
    }

    private async Task<string> StartAsync(string agent, object body)
    {
        using var started = await app.Http.PostRunAsync(agent, body, app.As(_user));
        return (await started.ReadAsync()).Text("id");
    }

    private async Task<(JsonElement Run, List<JsonElement> Steps)> EndAsync(string id)
    {
        var run = await app.Http.EndOfRunAsync(id, app.As(_user));
        using var timeline = await SendAsync(HttpMethod.Get, $"/api/runs/{id}/steps");
        return (run, [.. (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().Where(step => step.Text("kind") != "input")]);
    }

    private async Task<long> TokensOfTodayAsync()
    {
        using var response = await SendAsync(HttpMethod.Get, "/api/usage");
        return (await response.ReadAsync()).GetProperty("today").GetProperty("tokens").GetInt64();
    }

    private async Task LimitAsync(object limits)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{_user}/limits", JsonSerializer.Serialize(limits), app.As("root", "admin"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string body = "") =>
        app.Http.SendJsonAsync(method, path, body, app.As(_user));

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
