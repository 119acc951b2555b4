using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Conversations over HTTP.</summary>
[Collection(WorkHost.Name)]
public sealed class ConversationTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    private readonly string _talk = $"c-{Guid.NewGuid():N}";

    [Fact]
    public async Task Run_continues_the_conversation_and_the_model_sees_what_was_said()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.Messages.All(message => message.Role != "tool")
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Text($"{request.Messages.Count} messages"));

        var first = await RunAsync(agent, "What is 17*23?");
        var second = await RunAsync(agent, "And what did I ask?");

        Assert.Equal(("3 messages", "5 messages"), (first.Text("output"), second.Text("output")));
        Assert.Equal((_talk, _talk), (first.Text("conversationId"), second.Text("conversationId")));
        var conversation = await GetAsync($"/api/conversations/{_talk}");
        Assert.Equal((agent, 2, 6), (conversation.Text("agent"), conversation.GetProperty("runs").GetInt32(), conversation.GetProperty("messages").GetInt32()));
        Assert.False(conversation.TryGetProperty("activeRunId", out _));
        var runs = await GetAsync($"/api/runs?conversationId={_talk}");
        Assert.Equal([second.Text("id"), first.Text("id")], runs.GetProperty("items").EnumerateArray().Select(run => run.Text("id")));
    }

    [Fact]
    public async Task Messages_come_oldest_first_in_pages_with_their_tool_calls()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Text("391."));
        var run = await RunAsync(agent, "What is 17*23?");

        var first = await GetAsync($"/api/conversations/{_talk}/messages?limit=3");
        var second = await GetAsync($"/api/conversations/{_talk}/messages?limit=3&after={first.Text("next")}");
        var messages = first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray()).ToList();

        Assert.Equal(["user", "assistant", "tool", "assistant"], messages.Select(message => message.Text("role")));
        Assert.All(messages, message => Assert.Equal(run.Text("id"), message.Text("runId")));
        Assert.Equal(("What is 17*23?", "391."), (messages[0].Text("content"), messages[3].Text("content")));
        var call = Assert.Single(messages[1].GetProperty("toolCalls").EnumerateArray());
        Assert.Equal(("t1c0", "calculator", "17*23"), (call.Text("callId"), call.Text("name"), call.GetProperty("arguments").Text("expression")));
        Assert.Equal("t1c0", messages[2].Text("callId"));
        Assert.Contains("391", messages[2].Text("content"), StringComparison.Ordinal);
        Assert.All(messages, message => Assert.True(message.GetProperty("createdAt").GetDateTimeOffset() > DateTimeOffset.UnixEpoch));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task Second_run_is_409_while_the_first_is_active_and_so_is_deletion()
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var accepted = await app.Http.PostRunAsync(agent, new { input = "Hello", conversationId = _talk });
        var runId = (await accepted.ReadAsync()).Text("id");
        await gate.Reached;

        using var refused = await app.Http.PostRunAsync(agent, new { input = "Hello", conversationId = _talk, onConflict = "reject" });
        using var kept = await app.Http.DeleteAsync(new Uri($"/api/conversations/{_talk}", UriKind.Relative));
        gate.Open();
        await app.Http.EndOfRunAsync(runId);
        using var deleted = await app.Http.DeleteAsync(new Uri($"/api/conversations/{_talk}", UriKind.Relative));
        using var gone = await app.Http.GetAsync(new Uri($"/api/conversations/{_talk}", UriKind.Relative));
        using var run = await app.Http.GetAsync(new Uri($"/api/runs/{runId}", UriKind.Relative));

        foreach (var response in (HttpResponseMessage[])[refused, kept])
        {
            Assert.Equal((HttpStatusCode.Conflict, "conflict"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
        }

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (gone.StatusCode, run.StatusCode));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Enqueued_runs_go_in_order_waited_for_or_not(bool waited)
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(request => request.Messages.Count == 1
            ? ModelReply.Hang(gate, ModelReply.Text("0"))
            : ModelReply.Text($"{request.Messages.Count / 2}"));
        (string, string)[] headers = waited ? [Wait] : [];
        using var first = await app.Http.PostRunAsync(agent, new { input = "Hello", conversationId = _talk });
        await gate.Reached;

        var second = app.Http.PostRunAsync(agent, new { input = "Second", conversationId = _talk, onConflict = "enqueue" }, headers);
        await QueuedAsync(1);
        var third = app.Http.PostRunAsync(agent, new { input = "Third", conversationId = _talk, onConflict = "enqueue" }, headers);
        await QueuedAsync(2);
        gate.Open();
        using var secondAnswer = await second;
        using var thirdAnswer = await third;
        var outputs = new[] { await EndAsync(secondAnswer), await EndAsync(thirdAnswer) }.Select(run => run.Text("output"));

        Assert.Equal(["1", "2"], outputs);
        Assert.Equal(waited ? HttpStatusCode.OK : HttpStatusCode.Accepted, thirdAnswer.StatusCode);
    }

    [Fact]
    public async Task Interrupting_run_cancels_the_active_one_and_runs()
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(request => request.Messages[^1].Content == "Stop"
            ? ModelReply.Text("Stopped.")
            : ModelReply.Hang(gate, ModelReply.ToolCalls(("clock", "{}"))));
        using var first = await app.Http.PostRunAsync(agent, new { input = "Hello", conversationId = _talk });
        await gate.Reached;

        using var second = await app.Http.PostRunAsync(agent, new { input = "Stop", conversationId = _talk, onConflict = "interrupt" });
        gate.Open();

        var waiting = await second.ReadAsync();
        Assert.Equal(("queued", HttpStatusCode.Accepted), (waiting.Text("status"), second.StatusCode));
        Assert.Equal("Stopped.", (await app.Http.EndOfRunAsync(waiting.Text("id"))).Text("output"));
        Assert.Equal("cancelled", (await EndAsync(first)).Text("status"));
    }

    [Fact]
    public async Task Repeated_request_finds_its_run_whether_it_is_active_waiting_or_done()
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        var (one, two) = ($"k{Guid.NewGuid():N}", $"k{Guid.NewGuid():N}");
        Task<HttpResponseMessage> Post(string key) => app.Http.PostRunAsync(
            agent, new { input = "Hello", conversationId = _talk, onConflict = key == one ? "reject" : "enqueue" }, ("Idempotency-Key", key));

        var active = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Post(one)));
        var waiting = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Post(two)));
        await gate.Reached;
        gate.Open();
        var ids = await Task.WhenAll(active.Concat(waiting).Select(async response => (await response.ReadAsync()).Text("id")));
        await app.Http.EndOfRunAsync(ids[^1]);
        using var late = await Post(one);

        Assert.Equal(2, ids.Distinct().Count());
        Assert.Equal((HttpStatusCode.OK, ids[0]), (late.StatusCode, (await late.ReadAsync()).Text("id")));
        Assert.Equal(2, (await GetAsync($"/api/conversations/{_talk}")).GetProperty("runs").GetInt32());
        foreach (var response in active.Concat(waiting))
        {
            response.Dispose();
        }
    }

    [Fact]
    public async Task Summary_of_what_no_longer_fits_is_a_step_that_the_run_pays_and_no_message()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", context = new { maxTokens = 600, strategy = "summarize" } });
        var words = string.Join(' ', Enumerable.Repeat("word", 100));
        app.Model.RespondWith(request => ModelReply.Text(request.Messages[0].Role == "system" ? "They said words." : words));
        JsonElement run, summary;
        do
        {
            run = await RunAsync(agent, "Hello");
            summary = (await GetAsync($"/api/runs/{run.Text("id")}/steps")).GetProperty("items").EnumerateArray()
                .FirstOrDefault(step => step.Text("kind") == "summary");
        }
        while (summary.ValueKind == JsonValueKind.Undefined);

        var messages = await GetAsync($"/api/conversations/{_talk}/messages?limit=100");

        Assert.EndsWith("They said words.", summary.Text("result"), StringComparison.Ordinal);
        Assert.Equal((11, 7), (summary.GetProperty("inputTokens").GetInt32(), summary.GetProperty("outputTokens").GetInt32()));
        Assert.Equal((2, 36), (run.GetProperty("usage").GetProperty("modelCalls").GetInt32(), run.GetProperty("usage").GetProperty("totalTokens").GetInt32()));
        Assert.Equal(1, run.GetProperty("turns").GetInt32());
        Assert.All(messages.GetProperty("items").EnumerateArray(), message => Assert.Contains(message.Text("content"), (string[])["Hello", words]));
    }

    [Fact]
    public async Task Conversations_are_listed_last_active_first()
    {
        var agent = await app.PutAgentAsync();
        var user = $"user{Guid.NewGuid():N}";
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{agent}", """{"model":"openai:scripted"}""", app.As(user));
        foreach (var id in (string[])["a", "b", "a"])
        {
            using var response = await app.Http.PostRunAsync(agent, new { input = "Hello", conversationId = id }, Wait, app.As(user));
        }

        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/conversations", "", app.As(user));
        using var forAdmin = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/conversations?userId={user}", "", app.As("root", "admin"));

        Assert.Equal(["a", "b"], (await list.ReadAsync()).GetProperty("items").EnumerateArray().Select(item => item.Text("id")));
        Assert.Equal(2, (await forAdmin.ReadAsync()).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("""{"input":"Hello","conversationId":"no/slash"}""", "conversationId")]
    [InlineData("""{"input":"Hello","conversationId":""}""", "conversationId")]
    [InlineData("""{"input":"Hello","conversationId":7}""", "conversationId")]
    [InlineData("""{"input":[{"role":"user","content":"Hello"}],"conversationId":"c"}""", "input")]
    [InlineData("""{"input":"Hello","onConflict":"enqueue"}""", "onConflict")]
    [InlineData("""{"input":"Hello","conversationId":"c","onConflict":"replace"}""", "onConflict")]
    public async Task Request_that_makes_no_sense_is_400_and_names_the_field(string body, string field)
    {
        var agent = await app.PutAgentAsync();

        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}/runs", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(field, Assert.Single((await response.ReadAsync()).GetProperty("errors").EnumerateObject()).Name);
    }

    [Theory]
    [InlineData("/api/conversations?after=bm9uZQ")]
    [InlineData("/api/conversations/{id}/messages?after=bm9uZQ")]
    [InlineData("/api/conversations/{id}/messages?limit=0")]
    [InlineData("/api/conversations/{id}?verbose=true")]
    public async Task Query_that_the_route_does_not_know_is_400(string path)
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        await RunAsync(agent, "Hello");

        using var response = await app.Http.GetAsync(new Uri(path.Replace("{id}", _talk, StringComparison.Ordinal), UriKind.Relative));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private async Task<JsonElement> RunAsync(string agent, string input)
    {
        using var response = await app.Http.PostRunAsync(agent, new { input, conversationId = _talk }, Wait);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.ReadAsync();
    }

    private async Task<JsonElement> EndAsync(HttpResponseMessage started) =>
        await app.Http.EndOfRunAsync((await started.ReadAsync()).Text("id"));

    private async Task<JsonElement> GetAsync(string path)
    {
        using var response = await app.Http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.ReadAsync();
    }

    private Task<JsonElement> QueuedAsync(int runs) =>
        app.Http.UntilAsync($"/api/conversations/{_talk}", talk => talk.GetProperty("queuedRunIds").GetArrayLength() >= runs);
}
