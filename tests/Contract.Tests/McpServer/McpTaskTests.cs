using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.McpServer;

/// <summary>Runs that outlast their call, as tasks: polled, decided about, cancelled, and gone on with after a crash.</summary>
public sealed class McpTaskTests(McpTaskTests.TaskHost tasks) : IClassFixture<McpTaskTests.TaskHost>
{
    private static readonly string[] Post = ["http_post"];

    private HttpClient Http => tasks.Host.Http;

    [Fact]
    public async Task Run_that_takes_longer_is_a_task_until_its_result_is_there()
    {
        var agent = await PutAgentAsync();
        var gate = new Gate();
        tasks.Host.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));

        var task = await BeginAsync(agent);
        var working = await GetAsync(task);
        gate.Open();
        var ended = await UntilAsync(task, "completed");

        Assert.Equal(("task", "working"), (task.Text("resultType"), task.Text("status")));
        Assert.Equal(90L * 24 * 60 * 60 * 1000, task.GetProperty("ttlMs").GetInt64());
        Assert.Equal(("complete", "working"), (working.Text("resultType"), working.Text("status")));
        Assert.Equal("Done.", ended.GetProperty("result").GetProperty("content")[0].Text("text"));
        Assert.Equal("completed", (await Http.EndOfRunAsync(task.Text("taskId"))).Text("status"));
    }

    [Fact]
    public async Task Task_goes_on_when_the_process_was_killed()
    {
        var agent = await PutAgentAsync();
        var gate = new Gate();
        tasks.Host.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        var task = await BeginAsync(agent);
        await gate.Reached;

        await tasks.Host.RestartAsync(TaskHost.Settings);
        gate.Open();
        var ended = await UntilAsync(task, "completed");

        Assert.Equal("Done.", ended.GetProperty("result").GetProperty("content")[0].Text("text"));
    }

    [Theory]
    [InlineData("""{"action":"accept","content":{"decision":"approve","reason":"fine"}}""", 1, "200")]
    [InlineData("""{"action":"accept","content":{"decision":"deny","reason":"not today"}}""", 0, "not today")]
    [InlineData("""{"action":"decline"}""", 0, "denied")]
    public async Task Call_that_waits_for_approval_is_a_question_to_the_client(string answer, int calls, string told)
    {
        var path = $"/{Guid.NewGuid():N}";
        var task = await BeginWaitingAsync(path);
        var asked = await UntilAsync(task, "input_required");
        var (key, question) = Assert.Single(asked.GetProperty("inputRequests").EnumerateObject()) is var item ? (item.Name, item.Value) : default;

        var taken = await UpdateAsync(task, new JsonObject { [key] = JsonNode.Parse(answer), ["unknown"] = new JsonObject() });
        var ended = await UntilAsync(task, "completed");

        Assert.Equal("elicitation/create", question.Text("method"));
        Assert.Contains($"wants to call http_post with {{\"url\":", question.GetProperty("params").Text("message"), StringComparison.Ordinal);
        Assert.Equal("complete", taken.GetProperty("result").Text("resultType"));
        Assert.Equal(calls, tasks.Host.Effects.Count("POST", path));
        Assert.Contains(told, ended.GetProperty("result").GetProperty("content")[0].Text("text"), StringComparison.OrdinalIgnoreCase);

        // Without the invocation's scheduler the run would go on too, a minute later.
        Assert.DoesNotContain("could not be woken", tasks.Host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Question_is_not_put_to_a_client_that_cannot_ask_and_stays_when_dismissed_or_answered_wrongly()
    {
        var task = await BeginWaitingAsync($"/{Guid.NewGuid():N}");
        var asked = await UntilAsync(task, "input_required");
        var key = asked.GetProperty("inputRequests").EnumerateObject().Single().Name;

        var silent = await Http.FromMcpAsync("tasks/get", Named(task), tasks: true, asks: false);
        var dismissed = await UpdateAsync(task, new JsonObject { [key] = new JsonObject { ["action"] = "cancel" } });
        var wrong = await UpdateAsync(task, new JsonObject { [key] = new JsonObject { ["action"] = "accept", ["content"] = new JsonObject { ["decision"] = "maybe" } } });
        var changed = await UpdateAsync(task, new JsonObject { [$"{key.Split(':')[0]}:0000"] = new JsonObject { ["action"] = "decline" } });
        var still = await GetAsync(task);

        Assert.Equal("working", silent.GetProperty("result").Text("status"));
        Assert.Contains("http_post waits for approval", silent.GetProperty("result").Text("statusMessage"), StringComparison.Ordinal);
        Assert.Equal("complete", dismissed.GetProperty("result").Text("resultType"));
        Assert.Contains("must be approve or deny", wrong.GetProperty("error").Text("message"), StringComparison.Ordinal);
        Assert.Contains("argumentsHash", changed.GetProperty("error").Text("message"), StringComparison.Ordinal);
        Assert.Equal("input_required", still.Text("status"));
        await CancelAsync(task);
    }

    [Fact]
    public async Task Cancelled_task_is_a_cancelled_run()
    {
        var agent = await PutAgentAsync();
        var gate = new Gate();
        tasks.Host.Model.RespondWith(_ => ModelReply.Hang(gate));
        var task = await BeginAsync(agent);
        await gate.Reached;

        var taken = await CancelAsync(task);
        var ended = await UntilAsync(task, "cancelled");
        gate.Open();

        Assert.Equal("complete", taken.GetProperty("result").Text("resultType"));
        Assert.False(ended.TryGetProperty("result", out _));
        Assert.Equal("cancelled", (await Http.EndOfRunAsync(task.Text("taskId"))).Text("status"));
    }

    [Fact]
    public async Task Failed_run_is_a_completed_task_whose_call_came_to_an_error()
    {
        var agent = await PutAgentAsync();
        tasks.Host.Model.RespondWith(_ => ModelReply.Status(400));

        var ended = await UntilAsync(await BeginAsync(agent), "completed");

        Assert.True(ended.GetProperty("result").GetProperty("isError").GetBoolean());
    }

    [Fact]
    public async Task Client_that_does_not_declare_tasks_is_told_so()
    {
        var refused = await Http.FromMcpAsync("tasks/get", new JsonObject { ["taskId"] = "run_x" }, tasks: false);

        Assert.Equal(-32021, refused.GetProperty("error").GetProperty("code").GetInt32());
    }

    private async Task<string> PutAgentAsync(object? definition = null)
    {
        var id = $"a{Guid.NewGuid():N}";
        using var response = await Http.SendJsonAsync(
            HttpMethod.Put, $"/api/agents/{id}", JsonSerializer.Serialize(definition ?? new { model = "openai:scripted" }));
        response.EnsureSuccessStatusCode();
        return id;
    }

    private async Task<JsonElement> BeginAsync(string agent) =>
        (await Http.FromMcpAsync("tools/call", McpMessages.Call(agent, "Go."), tasks: true)).GetProperty("result");

    private async Task<JsonElement> BeginWaitingAsync(string path)
    {
        var agent = await PutAgentAsync(new { model = "openai:scripted", tools = Post, approvals = Post });
        var arguments = JsonSerializer.Serialize(new { url = $"http://{tasks.Host.Effects.Authority}{path}", body = "x" });
        tasks.Host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", arguments))
            : ModelReply.Text($"Told: {request.ToolResults[0]}"));
        return await BeginAsync(agent);
    }

    private async Task<JsonElement> GetAsync(JsonElement task) => (await Http.FromMcpAsync("tasks/get", Named(task), tasks: true)).GetProperty("result");

    private Task<JsonElement> CancelAsync(JsonElement task) => Http.FromMcpAsync("tasks/cancel", Named(task), tasks: true);

    private Task<JsonElement> UpdateAsync(JsonElement task, JsonObject responses)
    {
        var parameters = Named(task);
        parameters["inputResponses"] = responses;
        return Http.FromMcpAsync("tasks/update", parameters, tasks: true);
    }

    private Task<JsonElement> UntilAsync(JsonElement task, string status) =>
        Poll.UntilAsync(() => GetAsync(task), found => found.Text("status") == status, status);

    private static JsonObject Named(JsonElement task) => new() { ["taskId"] = task.Text("taskId") };

    /// <summary>A host that gives out tasks at once, so that no test waits for one.</summary>
    public sealed class TaskHost : IAsyncLifetime
    {
        internal KillableHost Host { get; private set; } = null!;

        public async Task InitializeAsync() => Host = await KillableHost.StartAsync(Settings);

        public async Task DisposeAsync() => await Host.DisposeAsync();

        internal static void Settings(Dictionary<string, string> settings)
        {
            KillableHost.ShortLease(settings);
            settings["McpServer__TaskAfterSeconds"] = "0";
        }
    }
}
