using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Cancel, suspend, resume and delete over HTTP.</summary>
[Collection(RunsHost.Name)]
public sealed class RunControlContractTests(ContractFixture app)
{
    [Fact]
    public async Task Cancel_in_a_model_call_ends_it_and_keeps_what_was_said()
    {
        var gate = new Gate();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")) with { Content = "So far." }
            : ModelReply.Hang(gate));
        var id = await StartAsync();
        await gate.Reached;

        using var accepted = await PostAsync($"/api/runs/{id}/cancel");
        var run = await app.Http.EndOfRunAsync(id);
        using var again = await PostAsync($"/api/runs/{id}/cancel");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.OK), (accepted.StatusCode, again.StatusCode));
        Assert.Equal(("cancelled", "cancelled", "So far."), (run.Text("status"), run.Text("stopReason"), run.Text("output")));
        Assert.Equal(run.GetRawText(), (await again.ReadAsync()).GetRawText());
        Assert.Equal($"/api/runs/{id}/cancel", run.GetProperty("links").Text("cancel"));
    }

    [Fact]
    public async Task Cancel_between_two_attempts_at_a_provider_ends_the_run_and_asks_no_more()
    {
        var failed = new TaskCompletionSource();
        var requests = 0;
        app.Model.RespondWith(_ =>
        {
            Interlocked.Increment(ref requests);
            failed.TrySetResult();
            return ModelReply.Status(429, TimeSpan.FromSeconds(20));
        });
        var id = await StartAsync();
        await failed.Task;

        using var accepted = await PostAsync($"/api/runs/{id}/cancel");
        var run = await app.Http.EndOfRunAsync(id);

        Assert.Equal(("cancelled", 1), (run.Text("status"), requests));
    }

    [Fact]
    public async Task Interrupt_cuts_off_the_model_call_in_flight_and_keeps_what_was_said()
    {
        var gate = new Gate();

        // Runs that tests before this one have left behind ask the same model, and must not be what reaches the gate.
        var input = $"First {Guid.NewGuid():N}";
        app.Model.RespondWith(request => request.LastUserText != input
            ? ModelReply.Text("Done.")
            : request.ToolResults.Count == 0
                ? ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")) with { Content = "So far." }
                : ModelReply.Hang(gate));
        var agent = await app.PutAgentAsync();
        var conversationId = $"c{Guid.NewGuid():N}";
        using var accepted = await app.Http.PostRunAsync(agent, new { input, conversationId });
        var first = (await accepted.ReadAsync()).Text("id");
        await gate.Reached;

        using var second = await app.Http.PostRunAsync(
            agent, new { input = "Second", conversationId, onConflict = "interrupt" }, ("Prefer", "wait=60"));

        Assert.Equal("Done.", (await second.ReadAsync()).Text("output"));
        var interrupted = await app.Http.EndOfRunAsync(first);
        Assert.Equal(("cancelled", "So far."), (interrupted.Text("status"), interrupted.Text("output")));
    }

    [Fact]
    public async Task Waiting_request_is_answered_when_its_run_is_cancelled()
    {
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate));
        var agent = await app.PutAgentAsync();
        var waiting = app.Http.PostRunAsync(agent, new { input = "Hello" }, ("Prefer", "wait=60"));
        await gate.Reached;
        using var list = await app.Http.GetAsync(new Uri($"/api/runs?agent={agent}", UriKind.Relative));
        var id = (await list.ReadAsync()).GetProperty("items")[0].Text("id");

        using var accepted = await PostAsync($"/api/runs/{id}/cancel");
        using var answered = await waiting;

        Assert.Equal((HttpStatusCode.OK, "cancelled"), (answered.StatusCode, (await answered.ReadAsync()).Text("status")));
    }

    [Fact]
    public async Task Suspended_run_rests_until_it_is_resumed()
    {
        var gate = new Gate();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.Hang(gate, ModelReply.ToolCalls(("calculator", """{"expression":"1+1"}""")))
            : ModelReply.Text("Done."));
        var id = await StartAsync();
        await gate.Reached;

        using var suspended = await PostAsync($"/api/runs/{id}/suspend");
        gate.Open();
        await StatusAsync(id, "suspended");
        using var again = await PostAsync($"/api/runs/{id}/suspend");
        Assert.Equal("suspended", (await again.ReadAsync()).Text("status"));
        using var resumed = await PostAsync($"/api/runs/{id}/resume");
        var run = await app.Http.EndOfRunAsync(id);

        Assert.Equal([HttpStatusCode.Accepted, HttpStatusCode.Accepted, HttpStatusCode.Accepted], new[] { suspended, again, resumed }.Select(answer => answer.StatusCode));
        Assert.Equal(("completed", "Done."), (run.Text("status"), run.Text("output")));
    }

    [Theory]
    [InlineData("suspend")]
    [InlineData("resume")]
    public async Task Run_that_has_ended_is_neither_suspended_nor_resumed(string action)
    {
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var id = await StartAsync();
        await app.Http.EndOfRunAsync(id);

        using var refused = await PostAsync($"/api/runs/{id}/{action}");

        Assert.Equal((HttpStatusCode.Conflict, "conflict"), (refused.StatusCode, (await refused.ReadAsync()).Text("code")));
    }

    [Theory]
    [InlineData("cancel", "?force=true", "")]
    [InlineData("suspend", "", """{"reason":"x"}""")]
    [InlineData("resume", "", "[]")]
    public async Task What_these_routes_do_not_know_is_400(string action, string query, string body)
    {
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var id = await StartAsync();

        using var refused = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/{action}{query}", body);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (refused.StatusCode, (await refused.ReadAsync()).Text("code")));
    }

    [Fact]
    public async Task Deleted_run_is_gone_and_its_idempotency_key_makes_no_other()
    {
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        var agent = await app.PutAgentAsync();
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        using var started = await app.Http.PostRunAsync(agent, new { input = "Hello" }, key);
        var id = (await started.ReadAsync()).Text("id");
        await gate.Reached;

        using var early = await app.Http.DeleteAsync(new Uri($"/api/runs/{id}", UriKind.Relative));
        gate.Open();
        await app.Http.EndOfRunAsync(id);
        using var deleted = await app.Http.DeleteAsync(new Uri($"/api/runs/{id}", UriKind.Relative));
        using var again = await app.Http.DeleteAsync(new Uri($"/api/runs/{id}", UriKind.Relative));
        using var read = await app.Http.GetAsync(new Uri($"/api/runs/{id}", UriKind.Relative));
        using var steps = await app.Http.GetAsync(new Uri($"/api/runs/{id}/steps", UriKind.Relative));
        using var list = await app.Http.GetAsync(new Uri($"/api/runs?agent={agent}", UriKind.Relative));
        using var repeated = await app.Http.PostRunAsync(agent, new { input = "Hello" }, key);

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.NoContent), (early.StatusCode, deleted.StatusCode));
        Assert.Equal(
            [HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.Conflict],
            new[] { again, read, steps, repeated }.Select(answer => answer.StatusCode));
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Admin_cancels_and_deletes_for_another()
    {
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate));
        var id = await StartAsync();
        await gate.Reached;

        using var foreign = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/cancel?userId=alice", "", app.As("eve"));
        using var cancelled = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/cancel?userId=alice", "", app.As("root", "admin"));
        await app.Http.EndOfRunAsync(id);
        using var deleted = await app.Http.SendJsonAsync(HttpMethod.Delete, $"/api/runs/{id}?userId=alice", "", app.As("root", "admin"));

        Assert.Equal(
            [HttpStatusCode.Forbidden, HttpStatusCode.Accepted, HttpStatusCode.NoContent], new[] { foreign, cancelled, deleted }.Select(answer => answer.StatusCode));
        Assert.Contains("?userId=alice", (await cancelled.ReadAsync()).GetProperty("links").Text("cancel"), StringComparison.Ordinal);
    }

    private async Task<string> StartAsync()
    {
        using var accepted = await app.Http.PostRunAsync(await app.PutAgentAsync(), new { input = "Hello" });
        return (await accepted.ReadAsync()).Text("id");
    }

    private Task<HttpResponseMessage> PostAsync(string path) => app.Http.PostAsync(new Uri(path, UriKind.Relative), content: null);

    private Task<JsonElement> StatusAsync(string id, string status) => app.Http.RunUntilAsync(id, run => run.Text("status") == status);
}
