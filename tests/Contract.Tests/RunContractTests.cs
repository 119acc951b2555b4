using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(RunsHost.Name)]
public sealed class RunContractTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    [Fact]
    public async Task Waiting_request_answers_the_finished_run()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello there."));

        using var response = await app.Http.PostRunAsync(agent, new { input = "Hello", metadata = new { ticket = "A-17" } }, Wait);
        var run = await response.ReadAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(("completed", "completed", "Hello there."), (run.Text("status"), run.Text("stopReason"), run.Text("output")));
        Assert.Equal($"/api/runs/{run.Text("id")}", response.Headers.Location?.ToString());
        Assert.Equal((agent, 1), (run.Text("agent"), run.GetProperty("agentVersion").GetInt32()));
        Assert.Equal("A-17", run.GetProperty("metadata").Text("ticket"));
        Assert.Equal(["openai:scripted"], run.GetProperty("servedBy").EnumerateArray().Select(model => model.GetString()));
        Assert.Equal(
            """{"inputTokens":11,"outputTokens":7,"modelCalls":1,"toolCalls":0,"costUsd":0,"totalTokens":18,"unpricedModels":["openai:scripted"]}""",
            run.GetProperty("usage").GetRawText());
        Assert.False(run.TryGetProperty("error", out _));
    }

    [Fact]
    public async Task Request_that_does_not_wait_is_accepted_and_the_run_goes_on()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Later."));

        using var response = await app.Http.PostRunAsync(agent, new { input = "Hello" });
        var accepted = await response.ReadAsync();
        var run = await app.Http.EndOfRunAsync(accepted.Text("id"));

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("queued", accepted.Text("status"));
        Assert.Equal($"/api/runs/{accepted.Text("id")}", response.Headers.Location?.ToString());
        Assert.Equal(("completed", "Later."), (run.Text("status"), run.Text("output")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tools_are_called_and_their_steps_are_recorded(bool waiting)
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""), ("http_get", $$"""{"url":"{{app.Effects.Address}}stock"}"""))
            : ModelReply.Text($"It is {request.ToolResults[0]}."));

        using var response = await app.Http.PostRunAsync(agent, new { input = "How much?" }, waiting ? [Wait] : []);
        var run = await app.Http.EndOfRunAsync((await response.ReadAsync()).Text("id"));
        using var timeline = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        var steps = (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().ToList();

        Assert.Equal("It is 391.", run.Text("output"));
        Assert.Equal(2, run.GetProperty("turns").GetInt32());
        Assert.Equal(2, run.GetProperty("usage").GetProperty("toolCalls").GetInt32());
        Assert.Equal(["input", "model", "tool", "tool", "model"], steps.Select(step => step.Text("kind")));
        Assert.Equal("How much?", steps[0].Text("input"));
        var calculator = steps.Single(step => step.Text("name") == "calculator");
        Assert.Equal(("t1c0", "completed", "391"), (calculator.Text("callId"), calculator.Text("status"), calculator.Text("result")));
        Assert.Equal("17*23", calculator.GetProperty("arguments").Text("expression"));
        Assert.Contains("ok", steps.Single(step => step.Text("name") == "http_get").Text("result"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Provider_failure_ends_the_run_named_and_without_upstream_text()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Status(400, message: "canary upstream text"));

        using var response = await app.Http.PostRunAsync(agent, new { input = "Hello" }, Wait);
        var run = await response.ReadAsync();

        Assert.Equal(("failed", "provider_error"), (run.Text("status"), run.Text("stopReason")));
        Assert.Equal("provider_rejected", run.GetProperty("error").Text("code"));
        Assert.DoesNotContain("canary", run.GetRawText(), StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> HostileModels => new()
    {
        { "unknown tool", """[["teleport","{}"]]""", "refused" },
        { "broken arguments", """[["calculator","{\"expression\": "]]""", "refused" },
        { "arguments that are a list", """[["calculator","[1,2]"]]""", "refused" },
        { "wrong argument type", """[["calculator","{\"expression\": 5}"]]""", "refused" },
        { "extra argument", """[["calculator","{\"expression\": \"1+1\", \"sudo\": true}"]]""", "refused" },
        { "failing tool", """[["calculator","{\"expression\": \"1/0\"}"]]""", "failed" },
        { "host that is not allowed", """[["http_get","{\"url\": \"http://169.254.169.254/metadata\"}"]]""", "failed" },
    };

    [Theory]
    [MemberData(nameof(HostileModels))]
    public async Task Run_survives_what_a_model_asks(string situation, string calls, string status)
    {
        var agent = await app.PutAgentAsync();
        var asked = JsonSerializer.Deserialize<string[][]>(calls)!.Select(call => (call[0], call[1])).ToArray();
        app.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(asked) : ModelReply.Text("Sorry."));

        using var response = await app.Http.PostRunAsync(agent, new { input = situation }, Wait);
        var run = await response.ReadAsync();
        using var timeline = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        var steps = (await timeline.ReadAsync()).GetProperty("items").EnumerateArray();

        Assert.Equal(("completed", "Sorry."), (run.Text("stopReason"), run.Text("output")));
        Assert.Equal(status, steps.Single(step => step.Text("kind") == "tool").Text("status"));
    }

    [Fact]
    public async Task Model_that_never_stops_ends_at_max_turns()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")));

        using var response = await app.Http.PostRunAsync(agent, new { input = "Go", maxTurns = 3 }, Wait);
        var run = await response.ReadAsync();

        Assert.Equal(("completed", "max_turns", 3), (run.Text("status"), run.Text("stopReason"), run.GetProperty("turns").GetInt32()));
    }

    [Fact]
    public async Task Model_that_asks_for_fifty_calls_at_once_gets_fifty_results()
    {
        var agent = await app.PutAgentAsync();
        var calls = Enumerable.Range(0, 50).Select(i => ("calculator", $$"""{"expression":"{{i}}+1"}""")).ToArray();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(calls)
            : ModelReply.Text(string.Join(',', request.ToolResults)));

        using var response = await app.Http.PostRunAsync(agent, new { input = "Go" }, Wait);

        Assert.Equal(string.Join(',', Enumerable.Range(1, 50)), (await response.ReadAsync()).Text("output"));
    }

    [Fact]
    public async Task Run_that_outlasts_the_wait_is_accepted_and_its_model_call_is_not_paid_twice()
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("At last.")));
        var before = app.Model.Requests.Count;

        using var response = await app.Http.PostRunAsync(agent, new { input = "Slow" }, ("Prefer", "wait=1"));
        var accepted = await response.ReadAsync();
        gate.Open();
        var run = await app.Http.EndOfRunAsync(accepted.Text("id"));

        Assert.Equal((HttpStatusCode.Accepted, "running"), (response.StatusCode, accepted.Text("status")));
        Assert.Equal("At last.", run.Text("output"));
        Assert.Equal(before + 1, app.Model.Requests.Count);
    }

    [Fact]
    public async Task Run_expires_at_its_deadline()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Hang());

        using var response = await app.Http.PostRunAsync(agent, new { input = "Slow", deadlineSeconds = 1 }, Wait);
        var run = await response.ReadAsync();

        Assert.Equal(("expired", "deadline"), (run.Text("status"), run.Text("stopReason")));
    }

    [Fact]
    public async Task Messages_are_taken_as_input()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", instructions = "Be brief." });
        app.Model.RespondWith(request => ModelReply.Text(string.Join('|', request.Messages.Select(message => $"{message.Role}:{message.Content}"))));
        object input = new[] { new { role = "user", content = "Hi" }, new { role = "assistant", content = "Yes?" }, new { role = "user", content = "Bye" } };

        using var response = await app.Http.PostRunAsync(agent, new { input }, Wait);

        Assert.Equal("system:Be brief.|user:Hi|assistant:Yes?|user:Bye", (await response.ReadAsync()).Text("output"));
    }

    [Fact]
    public async Task Large_input_and_output_come_back_whole()
    {
        var agent = await app.PutAgentAsync();
        var text = string.Concat(Enumerable.Repeat("Ærlig talt, 長い話。", 8000));
        app.Model.RespondWith(request => ModelReply.Text(request.LastUserText));

        using var response = await app.Http.PostRunAsync(agent, new { input = text }, Wait);
        using var again = await app.Http.GetAsync(response.Headers.Location);

        Assert.Equal(text, (await again.ReadAsync()).Text("output"));
    }
}
