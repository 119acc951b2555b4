using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What the holder of a key tries that is for one agent, to get at the others of its user.</summary>
[Collection(UsersHost.Name)]
public class ApiKeyScopeTests(ContractFixture app)
{
    /// <summary>Routes by which an agent that the key is not for could be used, with its id and that of a run of it.</summary>
    public static TheoryData<string, string> Escapes => new()
    {
        { "GET /api/agents/{other}", "" },
        { "POST /api/agents/{other}/runs", """{"input":"Hi"}""" },
        { "POST /api/agents/{other}/invoke", """{"input":"Hi"}""" },
        { "POST /api/batches", """{"agent":"{other}","items":[{"id":"a","input":"Hi"}]}""" },
        { "GET /api/runs/{run}", "" },
        { "GET /api/runs/{run}/steps", "" },
        { "GET /api/runs/{run}/events", "" },
        { "POST /api/runs/{run}/events/ticket", "" },
        { "POST /api/runs/{run}/cancel", "" },
        { "POST /api/runs/{run}/suspend", "" },
        { "POST /api/runs/{run}/resume", "" },
        { "POST /api/runs/{run}/fork", """{"fromTurn":1}""" },
        { "POST /api/runs/{run}/approvals/t1c0", """{"decision":"approve","argumentsHash":"x"}""" },
        { "DELETE /api/runs/{run}", "" },
        { "GET /api/conversations/{conversation}", "" },
        { "GET /api/conversations/{conversation}/messages", "" },
        { "DELETE /api/conversations/{conversation}", "" },
        { "GET /api/batches/{batch}", "" },
        { "GET /api/batches/{batch}/results", "" },
        { "POST /api/batches/{batch}/cancel", "" },
        { "POST /api/batches/{batch}/retry", "" },
        { "DELETE /api/batches/{batch}", "" },
        { "GET /v1/models/{other}", "" },
        { "POST /v1/chat/completions", """{"model":"{other}","messages":[{"role":"user","content":"Hi"}]}""" },
        { "POST /v1/responses", """{"model":"{other}","input":"Hi"}""" },
        { "POST /v1/responses", """{"model":"{mine}","input":"What was said?","previous_response_id":"{response}"}""" },
        { "GET /v1/responses/{response}", "" },
        { "GET /v1/responses/{response}/input_items", "" },
        { "POST /v1/responses/{response}/cancel", "" },
        { "DELETE /v1/responses/{response}", "" },
    };

    private readonly string _user = $"kate{Guid.NewGuid():N}";

    [Theory]
    [MemberData(nameof(Escapes))]
    public async Task Agent_that_the_key_is_not_for_does_not_exist(string route, string body)
    {
        var (mine, other) = (await PutAgentAsync(), await PutAgentAsync());
        var run = await RunAsync(other);
        var conversation = $"c-{Guid.NewGuid():N}";
        await RunAsync(other, conversation);
        using var batch = await app.Http.SendJsonAsync(
            HttpMethod.Post, "/api/batches", $$"""{"agent":"{{other}}","items":[{"id":"a","input":"Hi"}]}""", app.As(_user));
        var batchId = (await batch.ReadAsync()).Text("id");
        var key = await KeyAsync(mine);
        string Fill(string text) => text.Replace("{other}", other, StringComparison.Ordinal).Replace("{mine}", mine, StringComparison.Ordinal)
            .Replace("{run}", run, StringComparison.Ordinal).Replace("{conversation}", conversation, StringComparison.Ordinal)
            .Replace("{batch}", batchId, StringComparison.Ordinal).Replace("{response}", run.Replace("run_", "resp_", StringComparison.Ordinal), StringComparison.Ordinal);

        using var response = await AsAsync(key, new HttpMethod(route.Split(' ')[0]), Fill(route.Split(' ')[1]), Fill(body));
        using var kept = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs/{run}", "", app.As(_user));

        Assert.True(response.StatusCode == HttpStatusCode.NotFound, $"{response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        Assert.DoesNotContain("For kate only", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
    }

    [Fact]
    public async Task Key_does_with_its_agent_what_its_user_does()
    {
        var mine = await PutAgentAsync();
        var key = await KeyAsync(mine);
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));

        using var started = await AsAsync(key, HttpMethod.Post, $"/api/agents/{mine}/runs", """{"input":"Hi","conversationId":"talk"}""", ("Prefer", "wait=60"));
        var run = (await started.ReadAsync()).Text("id");
        using var again = await AsAsync(key, HttpMethod.Post, $"/api/agents/{mine}/runs", """{"input":"Hi","conversationId":"talk"}""", ("Prefer", "wait=60"));
        using var steps = await AsAsync(key, HttpMethod.Get, $"/api/runs/{run}/steps");
        using var messages = await AsAsync(key, HttpMethod.Get, "/api/conversations/talk/messages");
        using var first = await AsAsync(key, HttpMethod.Post, "/v1/responses", $$"""{"model":"{{mine}}","input":"Hi"}""");
        var response = (await first.ReadAsync()).Text("id");
        using var next = await AsAsync(key, HttpMethod.Post, "/v1/responses", $$"""{"model":"{{mine}}","input":"Go on","previous_response_id":"{{response}}"}""");
        using var fork = await AsAsync(key, HttpMethod.Post, $"/api/runs/{run}/fork", """{"fromTurn":1}""");

        Assert.All([started, again, steps, messages, first, next], answer => Assert.Equal(HttpStatusCode.OK, answer.StatusCode));
        Assert.Equal(HttpStatusCode.Accepted, fork.StatusCode);
        Assert.Equal(4, (await messages.ReadAsync()).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("/api/runs?limit=100")]
    [InlineData("/api/agents?limit=100")]
    [InlineData("/api/conversations?limit=100")]
    [InlineData("/api/batches?limit=100")]
    [InlineData("/api/approvals?limit=100")]
    [InlineData("/v1/models")]
    public async Task Lists_show_what_is_of_the_keys_agents(string path)
    {
        var (mine, other) = (await PutAgentAsync(), await PutAgentAsync());
        foreach (var agent in (string[])[mine, other])
        {
            await RunAsync(agent, $"c-{agent}");
            using var batch = await app.Http.SendJsonAsync(
                HttpMethod.Post, "/api/batches", $$"""{"agent":"{{agent}}","items":[{"id":"a","input":"Hi"}]}""", app.As(_user));
        }

        using var shown = await AsAsync(await KeyAsync(mine), HttpMethod.Get, path);
        using var all = await AsAsync(await KeyAsync(agent: null), HttpMethod.Get, path);
        var (few, many) = (await shown.Content.ReadAsStringAsync(), await all.Content.ReadAsStringAsync());

        Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
        Assert.DoesNotContain(other, few, StringComparison.Ordinal);
        if (!path.Contains("approvals", StringComparison.Ordinal))
        {
            Assert.Contains(mine, few, StringComparison.Ordinal);
            Assert.Contains(other, many, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Idempotency_key_of_the_user_leads_to_no_run_or_batch_of_another_agent()
    {
        var (mine, other) = (await PutAgentAsync(), await PutAgentAsync());
        var (key, items) = (await KeyAsync(mine), $$"""{"agent":"{{other}}","items":[{"id":"a","input":"Hi"}]}""");
        (string, string) same = ("Idempotency-Key", $"i-{Guid.NewGuid():N}");
        app.Model.RespondWith(_ => ModelReply.Text("For kate only."));
        using var run = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{other}/runs", """{"input":"Hi"}""", app.As(_user), same);
        using var batch = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/batches", items, app.As(_user), same);

        using var repeated = await AsAsync(key, HttpMethod.Post, $"/api/agents/{other}/runs", """{"input":"Hi"}""", same);
        using var mismatched = await AsAsync(key, HttpMethod.Post, $"/api/agents/{mine}/runs", """{"input":"Hi"}""", same);
        using var batched = await AsAsync(key, HttpMethod.Post, "/api/batches", items, same);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (run.StatusCode, batch.StatusCode));
        Assert.All([repeated, mismatched, batched], response => Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode));
        Assert.DoesNotContain((await run.ReadAsync()).Text("id"), await repeated.Content.ReadAsStringAsync() + await mismatched.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversation_of_another_agent_is_not_told_to_the_keys_own()
    {
        var (mine, other) = (await PutAgentAsync(), await PutAgentAsync());
        await RunAsync(other, "talk");
        var key = await KeyAsync(mine);
        var asked = 0;
        app.Model.RespondWith(request => ModelReply.Text($"{(request.LastUserText == "What was said?" ? Interlocked.Increment(ref asked) : 0)}"));

        using var continued = await AsAsync(key, HttpMethod.Post, $"/api/agents/{mine}/runs", """{"input":"What was said?","conversationId":"talk"}""", ("Prefer", "wait=60"));
        using var response = await AsAsync(key, HttpMethod.Post, "/v1/responses", $$"""{"model":"{{mine}}","input":"What was said?","conversation":"talk"}""");

        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (continued.StatusCode, (await continued.ReadAsync()).Text("code")));
        Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden, $"{response.StatusCode}");
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task Agent_among_the_tools_of_the_keys_agent_is_asked_and_its_run_is_not_shown()
    {
        var helper = await PutAgentAsync();
        var mine = await PutAgentAsync($$"""{"model":"openai:scripted","tools":["agent:{{helper}}"]}""");
        var key = await KeyAsync(mine);
        app.Model.RespondWith(request => request.Tools.Any() && request.Messages[^1].Role == "user"
            ? ModelReply.ToolCalls((request.Tools.Single(), """{"input":"Help"}"""))
            : ModelReply.Text("Done."));

        using var started = await AsAsync(key, HttpMethod.Post, $"/api/agents/{mine}/runs", """{"input":"Hi"}""", ("Prefer", "wait=60"));
        var run = await started.ReadAsync();
        using var children = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs?parent={run.Text("id")}", "", app.As(_user));
        var child = Assert.Single((await children.ReadAsync()).GetProperty("items").EnumerateArray()).Text("id");
        using var hidden = await AsAsync(key, HttpMethod.Get, $"/api/runs/{child}");
        using var listed = await AsAsync(key, HttpMethod.Get, $"/api/runs?parent={run.Text("id")}");

        Assert.Equal(("completed", "Done."), (run.Text("status"), run.Text("output")));
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        Assert.Empty((await listed.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    private async Task<string> PutAgentAsync(string definition = """{"model":"openai:scripted"}""")
    {
        var id = $"a{Guid.NewGuid():N}";
        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{id}", definition, app.As(_user));
        response.EnsureSuccessStatusCode();
        return id;
    }

    private async Task<string> RunAsync(string agent, string? conversationId = null)
    {
        app.Model.RespondWith(_ => ModelReply.Text("For kate only."));
        using var response = await app.Http.PostRunAsync(agent, new { input = "Hi", conversationId }, ("Prefer", "wait=60"), app.As(_user));
        return (await response.ReadAsync()).Text("id");
    }

    private async Task<string> KeyAsync(string? agent)
    {
        var scopes = agent is null ? "" : $$""","scopes":{"agents":["{{agent}}"]}""";
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/keys", $$"""{"name":"k"{{scopes}}}""", app.As(_user));
        return (await response.ReadAsync()).Text("key");
    }

    private Task<HttpResponseMessage> AsAsync(string key, HttpMethod method, string path, string body = "", params (string Name, string Value)[] headers) =>
        app.Http.SendJsonAsync(method, path, body, [("Authorization", $"Bearer {key}"), .. headers]);
}
