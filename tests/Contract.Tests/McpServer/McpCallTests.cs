using System.Net;
using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.McpServer;

/// <summary>Agents as tools: listed, called, and what a call comes to.</summary>
[Collection(RunsHost.Name)]
public sealed class McpCallTests(ContractFixture app)
{
    private const string Older = "2025-11-25";

    private static readonly string[] Clock = ["clock"];

    public static TheoryData<string, string> WrongArguments => new()
    {
        { "{}", "input: Is required" },
        { """{"input":""}""", "input: Is required" },
        { """{"input":7}""", "input: Must be a string" },
        { """{"input":"Hi","model":"openai:other"}""", "model: " },
        { """{"input":"Hi","conversationId":"../x"}""", "conversationId: An id is" },
        { """{"input":"Hi","conversationId":5}""", "conversationId: Must be a string" },
    };

    public static TheoryData<string> WrongNames => new("nobody", "..", "../assistant", "a/b", "", "assistant.", "%2e%2e", "0123456789abcdef.assistant", new string('a', 5000));

    [Fact]
    public async Task Tools_are_the_callers_agents_by_name_and_those_shared_with_the_caller()
    {
        var bob = app.As($"bob{Guid.NewGuid():N}");
        var shared = await app.PutAgentAsync(new { model = "openai:scripted", description = "Knows sums.", instructions = "Secret." });
        using var share = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{shared}/shares/{bob.Value.Split(':')[1]}", "{}");
        foreach (var id in (string[])["zoe", "Adam", "max"])
        {
            using var put = await app.Http.SendJsonAsync(
                HttpMethod.Put, $"/api/agents/{id}", """{"model":"openai:scripted","responseSchema":{"type":"object","properties":{"total":{"type":"integer"}}}}""", bob);
            Assert.Equal(HttpStatusCode.Created, put.StatusCode);
        }

        var result = (await app.Http.FromMcpAsync("tools/list", null, headers: bob)).GetProperty("result");

        var tools = result.GetProperty("tools").EnumerateArray().ToList();
        var names = tools.ConvertAll(tool => tool.Text("name"));
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
        Assert.Equal(["Adam", "assistant", "max", "zoe"], names.Where(name => !name.Contains('.', StringComparison.Ordinal)));
        var foreign = Assert.Single(tools, tool => tool.Text("name").EndsWith($".{shared}", StringComparison.Ordinal));
        Assert.Equal("Knows sums.", foreign.Text("description"));
        Assert.DoesNotContain("Secret.", result.GetRawText(), StringComparison.Ordinal);
        Assert.Equal("private", result.Text("cacheScope"));
        Assert.Equal("integer", tools[0].GetProperty("outputSchema").GetProperty("properties").GetProperty("total").Text("type"));

        app.Model.RespondWith(_ => ModelReply.Text("391"));
        var called = await app.Http.FromMcpAsync("tools/call", McpMessages.Call(foreign.Text("name"), "17*23?"), headers: bob);
        Assert.Equal("391", called.Said());
    }

    [Fact]
    public async Task Call_is_a_durable_run_whose_steps_are_told_as_progress()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Text("It is 391."));

        var messages = await app.Http.AllFromMcpAsync("tools/call", McpMessages.Call(agent, "17*23?", new JsonObject { ["progressToken"] = "p1" }));

        var progress = messages.SkipLast(1).Select(message => message.GetProperty("params")).ToList();
        Assert.Equal(["Turn 1 is done.", "calculator was called.", "Turn 2 is done."], progress.Select(step => step.Text("message")));
        Assert.Equal([1, 2, 3], progress.Select(step => step.GetProperty("progress").GetInt32()));
        Assert.All(progress, step => Assert.Equal("p1", step.Text("progressToken")));
        Assert.Equal(("It is 391.", false), (messages[^1].Said(), messages[^1].IsError()));
        var run = await app.Http.EndOfRunAsync(messages[^1].RunId());
        Assert.Equal((agent, "17*23?", "completed"), (run.Text("agent"), run.Text("input"), run.Text("status")));
    }

    [Fact]
    public async Task Conversation_goes_on_from_call_to_call()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => ModelReply.Text($"{request.Messages.Count(message => message.Role == "user")} questions so far."));
        var call = McpMessages.Call(agent, "Hi");
        call["arguments"]!["conversationId"] = $"c-{Guid.NewGuid():N}";

        var first = await app.Http.FromMcpAsync("tools/call", call);
        var second = await app.Http.FromMcpAsync("tools/call", call);

        Assert.Equal(("1 questions so far.", "2 questions so far."), (first.Said(), second.Said()));
    }

    [Fact]
    public async Task Structured_answer_is_given_where_the_revision_takes_its_schema()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", responseSchema = new { type = "array", items = new { type = "integer" } } });
        app.Model.RespondWith(_ => ModelReply.Text("[17,23]"));

        var current = await app.Http.FromMcpAsync("tools/call", McpMessages.Call(agent, "Factors?"));
        using var response = await app.Http.PostMcpAsync(
            $$$$"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"{{{{agent}}}}","arguments":{"input":"Factors?"}}}""", ("MCP-Protocol-Version", Older));
        var older = McpMessages.Messages(await response.Content.ReadAsStringAsync())[^1];

        Assert.Equal("[17,23]", current.GetProperty("result").GetProperty("structuredContent").GetRawText());
        Assert.False(older.GetProperty("result").TryGetProperty("structuredContent", out _));
        Assert.Equal("[17,23]", older.Said());
    }

    [Fact]
    public async Task Answer_that_a_limit_cut_short_is_no_answer_in_the_schema()
    {
        var agent = await app.PutAgentAsync(new
        {
            model = "openai:scripted", tools = Clock, maxTurns = 1, responseSchema = new { type = "object" },
        });
        app.Model.RespondWith(_ => ModelReply.ToolCalls(("clock", "{}")));

        var answer = await app.Http.FromMcpAsync("tools/call", McpMessages.Call(agent, "Time?"));

        Assert.True(answer.IsError());
        Assert.Contains("max_turns", answer.Said(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failed_run_is_an_error_without_upstream_text()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Status(400, message: "upstream secret"));

        var answer = await app.Http.FromMcpAsync("tools/call", McpMessages.Call(agent, "Hi"));

        var run = await app.Http.EndOfRunAsync(answer.RunId());
        var error = run.GetProperty("error");
        Assert.True(answer.IsError());
        Assert.Equal($"{error.Text("code")}: {error.Text("message")}", answer.Said());
        Assert.DoesNotContain("upstream secret", answer.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(WrongArguments))]
    public async Task Wrong_argument_is_named_to_the_model_and_starts_nothing(string arguments, string told)
    {
        var agent = await app.PutAgentAsync();

        var answer = await app.Http.FromMcpAsync("tools/call", new JsonObject { ["name"] = agent, ["arguments"] = JsonNode.Parse(arguments) });

        Assert.True(answer.IsError());
        Assert.StartsWith("invalid_request: ", answer.Said(), StringComparison.Ordinal);
        Assert.Contains(told, answer.Said(), StringComparison.Ordinal);
        using var runs = await app.Http.GetAsync(new Uri($"/api/runs?agent={agent}", UriKind.Relative));
        Assert.Empty((await runs.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Theory]
    [MemberData(nameof(WrongNames))]
    public async Task Name_that_no_agent_of_the_caller_has_is_no_tool(string name)
    {
        using var response = await app.Http.PostMcpAsync(
            new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "tools/call", ["params"] = McpMessages.Call(name, "Hi") }.ToJsonString());
        var answer = McpMessages.Messages(await response.Content.ReadAsStringAsync())[^1];

        Assert.Equal(-32602, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.InRange(answer.GetRawText().Length, 1, 400);
    }

    [Fact]
    public async Task Agent_of_another_is_answered_as_one_that_does_not_exist()
    {
        var agent = await app.PutAgentAsync();
        var mallory = app.As($"mallory{Guid.NewGuid():N}");

        var foreign = await app.Http.FromMcpAsync("tools/call", McpMessages.Call(agent, "Hi"), headers: mallory);
        var unknown = await app.Http.FromMcpAsync("tools/call", McpMessages.Call(agent + "x", "Hi"), headers: mallory);

        Assert.Equal(unknown.GetRawText().Replace(agent + "x", agent, StringComparison.Ordinal), foreign.GetRawText());
    }

    [Theory]
    [InlineData("header")]
    [InlineData("_meta")]
    public async Task Repeated_call_finds_the_run_of_the_first(string place)
    {
        var agent = await app.PutAgentAsync();
        var asked = 0;
        app.Model.RespondWith(_ => ModelReply.Text($"Answer {Interlocked.Increment(ref asked)}"));
        var key = Guid.NewGuid().ToString("N");
        (string, string)[] headers = place == "header" ? [("Idempotency-Key", key)] : [];

        var first = await app.Http.FromMcpAsync("tools/call", Call("Hi"), headers: headers);
        var again = await app.Http.FromMcpAsync("tools/call", Call("Hi"), headers: headers);
        var other = await app.Http.FromMcpAsync("tools/call", Call("Bye"), headers: headers);

        Assert.Equal((first.RunId(), "Answer 1", "Answer 1"), (again.RunId(), first.Said(), again.Said()));
        Assert.StartsWith("idempotency_mismatch: ", other.Said(), StringComparison.Ordinal);
        Assert.Equal(1, asked);

        JsonObject Call(string input) => McpMessages.Call(agent, input, place == "_meta" ? new JsonObject { ["yggdrasil/idempotencyKey"] = key } : null);
    }

    [Theory]
    [InlineData(true, "cancelled")]
    [InlineData(false, "completed")]
    public async Task Closed_stream_cancels_the_run_where_the_revision_says_so(bool current, string ends)
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var leaving = new CancellationTokenSource();
        using var request = current
            ? McpMessages.CurrentRequest("tools/call", McpMessages.Call(agent, "Wait."), tasks: false, asks: false)
            : new HttpRequestMessage(HttpMethod.Post, "/mcp")
            {
                Content = new StringContent(
                    new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "tools/call", ["params"] = McpMessages.Call(agent, "Wait.") }.ToJsonString(),
                    System.Text.Encoding.UTF8, "application/json"),
                Headers = { { "Accept", "application/json, text/event-stream" }, { "MCP-Protocol-Version", Older } },
            };

        var sending = app.Http.SendAsync(request, leaving.Token);
        await gate.Reached;
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        if (!current)
        {
            gate.Open();
        }

        using var runs = await app.Http.GetAsync(new Uri($"/api/runs?agent={agent}", UriKind.Relative));
        var run = await app.Http.EndOfRunAsync(Assert.Single((await runs.ReadAsync()).GetProperty("items").EnumerateArray()).Text("id"));
        Assert.Equal(ends, run.Text("status"));
        gate.Open();
    }
}
