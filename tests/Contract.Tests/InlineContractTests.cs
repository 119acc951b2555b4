using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(RunsHost.Name)]
public class InlineContractTests(ContractFixture app)
{
    private static readonly string[] Post = ["http_post"];

    [Fact]
    public async Task Run_is_answered_whole_and_nothing_of_it_is_kept()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Text($"It is {request.ToolResults[0]}."));

        using var response = await app.Http.InvokeAsync(agent, new { input = "17*23?", metadata = new { ticket = "A-17" } });
        var run = await response.ReadAsync();
        using var list = await app.Http.GetAsync(new Uri($"/api/runs?agent={agent}", UriKind.Relative));
        using var gone = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}", UriKind.Relative));

        Assert.Equal((HttpStatusCode.OK, "completed", "It is 391."), (response.StatusCode, run.Text("status"), run.Text("output")));
        Assert.Equal((agent, 2, "A-17"), (run.Text("agent"), run.GetProperty("turns").GetInt32(), run.GetProperty("metadata").Text("ticket")));
        Assert.Equal((2, 1), (run.GetProperty("usage").GetProperty("modelCalls").GetInt32(), run.GetProperty("usage").GetProperty("toolCalls").GetInt32()));
        Assert.False(run.TryGetProperty("links", out _));
        Assert.Null(response.Headers.Location);
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task History_in_the_request_is_shown_to_the_model()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => ModelReply.Text(string.Join('|', request.Messages.Select(message => $"{message.Role}:{message.Content}"))));

        using var response = await app.Http.InvokeAsync(agent, new
        {
            input = new[] { new { role = "user", content = "I am Ada." }, new { role = "assistant", content = "Hello." }, new { role = "user", content = "Who?" } },
        });

        Assert.Equal("user:I am Ada.|assistant:Hello.|user:Who?", (await response.ReadAsync()).Text("output"));
    }

    [Fact]
    public async Task Tool_that_needs_approval_is_refused_to_the_model()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Post, approvals = Post });
        var path = $"/refused-{Guid.NewGuid():N}";
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = $"{app.Effects.Address}{path[1..]}", body = "x" })))
            : ModelReply.Text(request.ToolResults[0]));

        using var response = await app.Http.InvokeAsync(agent, new { input = "Post it." });

        Assert.Contains("approval of a human", (await response.ReadAsync()).Text("output"), StringComparison.Ordinal);
        Assert.Equal(0, app.Effects.Count("POST", path));
    }

    [Fact]
    public async Task Provider_that_fails_after_all_fallbacks_is_503_and_says_when_to_try_again()
    {
        // Of one's own, so that no other test meets an open breaker.
        await using var model = await ScriptedModelServer.StartAsync();
        model.RespondWith(_ => ModelReply.Status(429, TimeSpan.FromSeconds(120), code: "insufficient_quota"));
        var data = Directory.CreateTempSubdirectory("yggdrasil-inline-").FullName;
        await using (var host = await LocalHostProcess.StartAsync(data, ContractFixture.Settings(model, app.Effects)))
        {
            await host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a", """{"model":"openai:scripted","fallbacks":["openai:other"]}""");
            using var response = await host.Http.InvokeAsync("a", new { input = "Hello" });
            var problem = await response.ReadAsync();

            Assert.Equal((HttpStatusCode.ServiceUnavailable, "provider_unavailable"), (response.StatusCode, problem.Text("code")));
            Assert.Equal(TimeSpan.FromSeconds(120), response.Headers.RetryAfter?.Delta);
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.DoesNotContain("Scripted failure", problem.GetRawText(), StringComparison.Ordinal);
            Assert.Equal(["scripted", "other"], model.Requests.Select(request => request.Model));
        }

        await TestFolder.DeleteAsync(data);
    }

    [Fact]
    public async Task Request_that_the_provider_rejects_is_a_run_that_failed()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Status(400));

        using var response = await app.Http.InvokeAsync(agent, new { input = "Hello" });
        var run = await response.ReadAsync();

        Assert.Equal((HttpStatusCode.OK, "failed", "provider_error"), (response.StatusCode, run.Text("status"), run.Text("stopReason")));
        Assert.Equal("provider_rejected", run.GetProperty("error").Text("code"));
    }

    [Fact]
    public async Task Deadline_ends_the_run_expired()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Hang());

        using var response = await app.Http.InvokeAsync(agent, new { input = "Hello", deadlineSeconds = 1 });
        var run = await response.ReadAsync();

        Assert.Equal((HttpStatusCode.OK, "expired", "deadline"), (response.StatusCode, run.Text("status"), run.Text("stopReason")));
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("text/event-stream")]
    public async Task Caller_that_goes_away_ends_the_model_call_and_is_no_error_in_the_log(string accept)
    {
        await using var host = await KillableHost.StartAsync(_ => { });
        var gate = new Gate();
        host.Model.RespondWith(_ => ModelReply.Hang(gate));
        await host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a", """{"model":"openai:scripted"}""");
        using var leaving = new CancellationTokenSource();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/agents/a/invoke") { Content = new StringContent("""{"input":"Hello"}""") };
        request.Headers.Add("Accept", accept);
        var invoking = host.Http.SendAsync(request, leaving.Token);
        await gate.Reached;

        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => invoking);
        await gate.Left.WaitAsync(TimeSpan.FromSeconds(60));
        host.Model.RespondWith(_ => ModelReply.Text("Still here."));
        using var next = await host.Http.InvokeAsync("a", new { input = "Hello" });

        Assert.Equal("Still here.", (await next.ReadAsync()).Text("output"));
        Assert.DoesNotMatch("(?m)^(fail|crit|warn):", host.Output);
    }

    [Fact]
    public async Task Events_are_sent_when_the_caller_accepts_them()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Text($"It is {request.ToolResults[0]}."));

        using var client = await EventClient.InvokeAsync(app.Http, agent, """{"input":"17*23?"}""");
        var events = await client.ReadToEndAsync();

        Assert.True(client.Response.Headers.Contains("RateLimit-Remaining"));
        Assert.Equal(
            ["run.started", "model.completed", "tool.completed", "model.completed", "run.completed"],
            events.Where(item => item.IsLasting).Select(item => item.Type));
        Assert.Equal("It is 391.", string.Concat(events.Where(item => item.Type == "model.delta").Select(item => item.Data.Text("text"))));
        var run = events[^1].Data;
        Assert.Equal(("completed", "It is 391."), (run.Text("status"), run.Text("output")));
        Assert.False(run.TryGetProperty("links", out _));
    }

    [Theory]
    [InlineData("text/event-stream", "text/event-stream")]
    [InlineData("TEXT/EVENT-STREAM", "text/event-stream")]
    [InlineData("application/json", "application/json")]
    [InlineData("text/event-stream;q=0", "application/json")]
    [InlineData("*/*", "application/json")]
    [InlineData("nonsense", "application/json")]
    public async Task Form_of_the_answer_is_what_the_caller_accepts(string accept, string contentType)
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));

        using var response = await app.Http.InvokeAsync(agent, new { input = "Hello" }, ("Accept", accept));

        Assert.Equal((HttpStatusCode.OK, contentType), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task Request_that_is_refused_is_a_problem_whatever_the_caller_accepts()
    {
        using var response = await app.Http.InvokeAsync("nobody", new { input = "Hello" }, ("Accept", "text/event-stream"));

        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task Agent_that_is_shared_is_run_by_its_handle_and_a_strangers_does_not_exist()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello, Bob."));
        var bob = $"bob{Guid.NewGuid():N}";
        await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{agent}/shares/{bob}", "");
        using var agents = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/agents?limit=100", "", app.As(bob));
        var shared = (await agents.ReadAsync()).GetProperty("items").EnumerateArray().Select(item => item.Text("id")).Single(id => id.EndsWith($"~{agent}", StringComparison.Ordinal));

        using var run = await app.Http.InvokeAsync(shared, new { input = "Hello" }, app.As(bob));
        using var stranger = await app.Http.InvokeAsync(agent, new { input = "Hello" }, app.As(bob));

        Assert.Equal("Hello, Bob.", (await run.ReadAsync()).Text("output"));
        Assert.Equal(HttpStatusCode.NotFound, stranger.StatusCode);
    }
}

internal static class InlineRequests
{
    public static Task<HttpResponseMessage> InvokeAsync(this HttpClient http, string agent, object body, params (string Name, string Value)[] headers) =>
        http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/invoke", JsonSerializer.Serialize(body), headers);
}
