using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Approvals over HTTP: asked, listed, decided by whom the agent names.</summary>
[Collection(RunsHost.Name)]
public sealed class ApprovalContractTests(ContractFixture app)
{
    private static readonly string[] Post = ["http_post"];

    private readonly string _path = $"/{Guid.NewGuid():N}";
    private readonly string _bob = $"bob{Guid.NewGuid():N}";

    [Fact]
    public async Task Approver_finds_the_call_and_approves_it_and_sees_nothing_else_of_the_run()
    {
        var run = await WaitingAsync();
        var id = run.Text("id");
        var pending = run.GetProperty("pendingApprovals")[0];
        Assert.Equal(("t1c0", "http_post", "x"), (pending.Text("callId"), pending.Text("tool"), pending.GetProperty("arguments").Text("body")));

        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/approvals", "", app.As(_bob));
        var item = Assert.Single((await list.ReadAsync()).GetProperty("items").EnumerateArray());
        using var hidden = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs/{id}", "", app.As(_bob));
        using var decided = await app.Http.SendJsonAsync(
            HttpMethod.Post, item.GetProperty("links").Text("decide"), Body("approve", item.Text("argumentsHash"), "looks fine"), app.As(_bob));
        var ended = await app.Http.EndOfRunAsync(id);

        Assert.Equal((id, "alice", pending.Text("argumentsHash")), (item.Text("runId"), item.Text("owner"), item.Text("argumentsHash")));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.Accepted), (hidden.StatusCode, decided.StatusCode));
        Assert.Equal("completed", ended.Text("status"));
        Assert.Equal(1, app.Effects.Count("POST", _path));
        Assert.False(ended.TryGetProperty("pendingApprovals", out _));
        var approval = (await ToolStepAsync(id)).GetProperty("approval");
        Assert.Equal(("approve", _bob, "looks fine"), (approval.Text("decision"), approval.Text("by"), approval.Text("reason")));
    }

    [Fact]
    public async Task Question_and_decision_are_told_to_readers_of_the_runs_events()
    {
        var run = await WaitingAsync();
        var pending = run.GetProperty("pendingApprovals")[0];
        using var live = await EventClient.OpenAsync(app.Http, run.Text("id"));
        var before = await live.ReadUntilAsync(item => item.Type == "approval.required");

        using var decided = await DecideAsync(run, "deny", reason: "not today");
        var after = await live.ReadToEndAsync();

        var asked = before[^1].Data;
        Assert.Equal(
            (pending.Text("callId"), pending.Text("tool"), pending.Text("argumentsHash")),
            (asked.Text("callId"), asked.Text("tool"), asked.Text("argumentsHash")));
        Assert.Equal(pending.GetProperty("arguments").GetRawText(), asked.GetProperty("arguments").GetRawText());
        Assert.Equal(pending.Text("expiresAt"), asked.Text("expiresAt"));
        Assert.Equal(("approval.decided", "deny", "not today"), (after[0].Type, after[0].Data.Text("decision"), after[0].Data.Text("reason")));
        Assert.Equal(["tool.completed", "model.completed", "run.completed"], after.Skip(1).Select(item => item.Type));
        Assert.Equal(before.Concat(after).Select(item => item.Text), (await EventClient.ReadAllAsync(app.Http, run.Text("id"))).Select(item => item.Text));
    }

    [Fact]
    public async Task Denied_call_is_not_made_and_the_steps_say_so()
    {
        var run = await WaitingAsync();

        using var decided = await DecideAsync(run, "deny", reason: "not today");
        var ended = await app.Http.EndOfRunAsync(run.Text("id"));
        var step = await ToolStepAsync(run.Text("id"));

        Assert.Equal(HttpStatusCode.Accepted, decided.StatusCode);
        Assert.Equal(("completed", "denied"), (ended.Text("status"), step.Text("status")));
        Assert.Contains("not today", step.Text("result"), StringComparison.Ordinal);
        Assert.Equal(0, app.Effects.Count("POST", _path));
    }

    [Fact]
    public async Task Replaced_arguments_pass_every_gate_again_and_are_shown_in_the_steps()
    {
        var run = await WaitingAsync();
        var pending = run.GetProperty("pendingApprovals")[0];
        var path = $"/api/runs/{run.Text("id")}/approvals/{pending.Text("callId")}";
        var url = pending.GetProperty("arguments").Text("url");

        using var refused = await app.Http.SendJsonAsync(
            HttpMethod.Post, path, JsonSerializer.Serialize(new { decision = "approve", argumentsHash = pending.Text("argumentsHash"), arguments = new { url, body = 5 } }));
        using var decided = await app.Http.SendJsonAsync(
            HttpMethod.Post, path, JsonSerializer.Serialize(new { decision = "approve", argumentsHash = pending.Text("argumentsHash"), arguments = new { url, body = "edited" } }));
        await app.Http.EndOfRunAsync(run.Text("id"));

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Accepted), (refused.StatusCode, decided.StatusCode));
        Assert.Contains("body", (await refused.ReadAsync()).GetProperty("errors").GetProperty("arguments")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal("edited", Assert.Single(app.Effects.Requests, request => request.Path == _path).Body);
        Assert.Equal("edited", (await ToolStepAsync(run.Text("id"))).GetProperty("arguments").Text("body"));
    }

    [Fact]
    public async Task First_decision_wins()
    {
        var run = await WaitingAsync();

        using var wrong = await DecideAsync(run, "approve", hash: "0123");
        using var first = await DecideAsync(run, "deny");
        using var same = await DecideAsync(run, "deny");
        using var other = await DecideAsync(run, "approve");
        await app.Http.EndOfRunAsync(run.Text("id"));
        using var late = await DecideAsync(run, "deny");
        using var unknown = await DecideAsync(run, "approve", call: "t9c9");

        Assert.Equal(
            [HttpStatusCode.Conflict, HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Conflict, HttpStatusCode.Accepted, HttpStatusCode.NotFound],
            new[] { wrong, first, same, other, late, unknown }.Select(answer => answer.StatusCode));
    }

    [Fact]
    public async Task Strangers_find_no_call_to_decide_about()
    {
        var run = await WaitingAsync();
        var eve = app.As($"eve{Guid.NewGuid():N}");
        var hash = run.GetProperty("pendingApprovals")[0].Text("argumentsHash");

        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/approvals", "", eve);
        using var decided = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{run.Text("id")}/approvals/t1c0", Body("approve", hash), eve);

        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (decided.StatusCode, (await decided.ReadAsync()).Text("code")));
        (await DecideAsync(run, "deny")).Dispose();
    }

    [Theory]
    [InlineData("""{"decision":"approve"}""", "argumentsHash")]
    [InlineData("""{"argumentsHash":"x"}""", "decision")]
    [InlineData("""{"decision":"maybe","argumentsHash":"x"}""", "decision")]
    [InlineData("""{"decision":"expire","argumentsHash":"x"}""", "decision")]
    [InlineData("""{"decision":"deny","argumentsHash":"x","arguments":{}}""", "arguments")]
    [InlineData("""{"decision":"approve","argumentsHash":"x","arguments":[]}""", "arguments")]
    [InlineData("""{"decision":"approve","argumentsHash":"x","by":"root"}""", "by")]
    [InlineData("""{"decision":"deny","argumentsHash":"x","reason":5}""", "reason")]
    public async Task Body_that_is_no_decision_is_400_and_names_the_field(string body, string field)
    {
        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/runs/run_1/approvals/t1c0", body);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.True((await refused.ReadAsync()).GetProperty("errors").TryGetProperty(field, out _));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("after=x!")]
    [InlineData("userId=alice")]
    public async Task List_takes_limit_and_after_and_nothing_else(string query)
    {
        using var refused = await app.Http.GetAsync(new Uri($"/api/approvals?{query}", UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Cancel_while_waiting_for_approval_ends_cancelled_at_once()
    {
        var run = await WaitingAsync();

        using var cancelled = await app.Http.PostAsync(new Uri($"/api/runs/{run.Text("id")}/cancel", UriKind.Relative), content: null);
        var body = await cancelled.ReadAsync();
        using var late = await DecideAsync(run, "approve");

        Assert.Equal((HttpStatusCode.Accepted, "cancelled"), (cancelled.StatusCode, body.Text("status")));
        Assert.False(body.TryGetProperty("pendingApprovals", out _));
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Equal(0, app.Effects.Count("POST", _path));
    }

    [Fact]
    public async Task Decision_is_in_the_steps_at_once_also_while_another_call_waits()
    {
        var calls = Enumerable.Range(0, 2).Select(i => ("http_post", JsonSerializer.Serialize(new { url = new Uri(app.Effects.Address, _path), body = $"{i}" }))).ToArray();
        app.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(calls) : ModelReply.Text("Done."));
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", tools = Post, approvals = Post });
        using var accepted = await app.Http.PostRunAsync(agent, new { input = "Post it" });
        var run = await app.Http.RunUntilAsync((await accepted.ReadAsync()).Text("id"), run => run.Text("status") == "waiting");

        using var denied = await DecideAsync(run, "deny", reason: "not today");
        var step = await ToolStepAsync(run.Text("id"));
        using var cancelled = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{run.Text("id")}/cancel", "");

        Assert.Equal(HttpStatusCode.Accepted, denied.StatusCode);
        Assert.Equal(("t1c0", "http_post", "denied"), (step.Text("callId"), step.Text("name"), step.Text("status")));
        Assert.Equal(("deny", "alice", "not today"), (step.GetProperty("approval").Text("decision"), step.GetProperty("approval").Text("by"), step.GetProperty("approval").Text("reason")));
    }

    private async Task<JsonElement> WaitingAsync()
    {
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = new Uri(app.Effects.Address, _path), body = "x" })))
            : ModelReply.Text("Done."));
        var agent = await app.PutAgentAsync(new
        {
            model = "openai:scripted", tools = Post, approvals = Post, approvers = new[] { $"user:{_bob}" },
        });
        using var accepted = await app.Http.PostRunAsync(agent, new { input = "Post it" });
        return await app.Http.RunUntilAsync((await accepted.ReadAsync()).Text("id"), run => run.Text("status") == "waiting");
    }

    private Task<HttpResponseMessage> DecideAsync(JsonElement run, string decision, string? reason = null, string? hash = null, string call = "t1c0") =>
        app.Http.SendJsonAsync(
            HttpMethod.Post,
            $"/api/runs/{run.Text("id")}/approvals/{call}",
            Body(decision, hash ?? run.GetProperty("pendingApprovals")[0].Text("argumentsHash"), reason));

    private static string Body(string decision, string argumentsHash, string? reason = null) => JsonSerializer.Serialize(new { decision, argumentsHash, reason });

    private async Task<JsonElement> ToolStepAsync(string id)
    {
        using var steps = await app.Http.GetAsync(new Uri($"/api/runs/{id}/steps", UriKind.Relative));
        return (await steps.ReadAsync()).GetProperty("items").EnumerateArray().Single(step => step.Text("kind") == "tool");
    }
}
