using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;
using static Yggdrasil.Contract.Tests.TenancyRoutes;

namespace Yggdrasil.Contract.Tests;

/// <summary>What a user tries who wants to get at another's agents and runs. Alice is attacked, mallory attacks.</summary>
[Collection(UsersHost.Name)]
public partial class TenancyTests(ContractFixture app)
{
    private const string Definition = """{"model":"openai:scripted"}""";

    private readonly string _mallory = $"mallory{Guid.NewGuid():N}";

    public static TheoryData<string, string> AgentAttacks => Cross(
        AgentRoutes,
        "id of another's agent",
        "id with the owner's handle, without a share",
        "id with the owner's handle, shared with a third user",
        "id with the owner's handle, the share revoked",
        "id with a guessed handle",
        "id with the owner's name for a handle");

    public static TheoryData<string, string> RunAttacks => Cross(
        RunRoutes, "id of another's run", "id of another's run of an agent shared with the attacker", "guessed id", "id without its prefix", "id in capitals");

    public static TheoryData<string, string> ConversationAttacks => Cross(ConversationRoutes, "id of another's conversation", "guessed id");

    public static TheoryData<string, string> BatchAttacks => Cross(BatchRoutes, "id of another's batch", "guessed id");

    public static TheoryData<string> OpenAIConversationAttacks => [.. OpenAIConversationRoutes];

    public static TheoryData<string> OpenAIAttacks => [.. OpenAIRoutes];

    public static TheoryData<string, string> HostileIds => Cross(
        [.. AgentRoutes, .. RunRoutes, .. ConversationRoutes, .. ScheduleRoutes, .. BatchRoutes, .. KeyRoutes],
        "..%2F{id}",
        "..%2F..%2F{id}",
        "%2e%2e%2F{id}",
        "..%5C{id}",
        "a%2Fb",
        "{id}%2F",
        "{id}%00",
        "{id}!",
        "{id}%21",
        "%21{id}",
        "{id}'",
        "{id}'%20or%20PartitionKey%20ne%20'",
        "x'%20or%20RowKey%20ge%20'run!",
        "0123456789abcdef~{id}'%20or%20PartitionKey%20ne%20'",
        "0123456789abcdef~..%2F{id}",
        "dev!alice~{id}",
        "%E2%80%AE{id}",
        "*");

    [Theory]
    [MemberData(nameof(AgentAttacks))]
    public async Task Agent_of_another_does_not_exist(string route, string situation)
    {
        var agent = await app.PutAgentAsync();
        var handle = (await SharedIdAsync(agent, $"third{Guid.NewGuid():N}")).Split('~')[0];
        if (situation == "id with the owner's handle, without a share")
        {
            agent = await app.PutAgentAsync();
        }
        else if (situation == "id with the owner's handle, the share revoked")
        {
            await SharedIdAsync(agent, _mallory);
            using var revoked = await app.Http.DeleteAsync(new Uri($"/api/agents/{agent}/shares/{_mallory}", UriKind.Relative));
            Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        }

        var id = situation switch
        {
            "id of another's agent" => agent,
            "id with a guessed handle" => $"{new string('0', handle.Length)}~{agent}",
            "id with the owner's name for a handle" => $"alice~{agent}",
            _ => $"{handle}~{agent}",
        };
        using var response = await AttackAsync(route, id);

        if (route == "PUT /api/agents/{agent}" && !id.StartsWith(handle, StringComparison.Ordinal))
        {
            // An id names an agent of mallory's own, or is none that a caller may choose.
            Assert.Equal(id == agent ? HttpStatusCode.Created : id[0] == '0' ? HttpStatusCode.NotFound : HttpStatusCode.BadRequest, response.StatusCode);
        }
        else
        {
            Assert.Equal((HttpStatusCode.NotFound, "not_found"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
        }

        await AssertUntouchedAsync(agent);
    }

    [Theory]
    [MemberData(nameof(RunAttacks))]
    public async Task Run_of_another_does_not_exist(string route, string situation)
    {
        var agent = await app.PutAgentAsync();
        await SharedIdAsync(agent, _mallory);
        var run = await StartRunAsync(situation.Contains("shared", StringComparison.Ordinal) ? agent : await app.PutAgentAsync());
        var id = situation switch
        {
            "guessed id" => "run_" + new string('0', 26),
            "id without its prefix" => run["run_".Length..],
            "id in capitals" => run.ToUpperInvariant(),
            _ => run,
        };

        using var response = await AttackAsync(route, id);

        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
    }

    [Theory]
    [MemberData(nameof(ConversationAttacks))]
    public async Task Conversation_of_another_does_not_exist(string route, string situation)
    {
        var id = $"c-{Guid.NewGuid():N}";
        await StartRunAsync(await app.PutAgentAsync(), id);

        using var response = await AttackAsync(route, situation == "guessed id" ? "c-1" : id);
        using var kept = await app.Http.GetAsync(new Uri($"/api/conversations/{id}", UriKind.Relative));

        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
    }

    [Theory]
    [MemberData(nameof(OpenAIConversationAttacks))]
    public async Task Conversation_of_another_does_not_exist_for_OpenAIs_clients(string route)
    {
        using var created = await app.Http.SendJsonAsync(
            HttpMethod.Post, "/v1/conversations", """{"metadata":{"a":"b"},"items":[{"role":"user","content":"For alice only."}]}""");
        var id = (await created.ReadAsync()).Text("id");

        using var attacked = await AttackAsync(route, id);
        using var unknown = await AttackAsync(route, "conv_none");
        using var own = await app.Http.SendJsonAsync(HttpMethod.Get, $"/v1/conversations/{id}/items/msg_c0_i0", "");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (attacked.StatusCode, unknown.StatusCode));
        Assert.Equal(
            (await unknown.Content.ReadAsStringAsync()).Replace("conv_none", "", StringComparison.Ordinal),
            (await attacked.Content.ReadAsStringAsync()).Replace(id, "", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Theory]
    [MemberData(nameof(OpenAIAttacks))]
    public async Task Model_and_response_of_another_do_not_exist(string route)
    {
        var agent = await app.PutAgentAsync();
        var run = await StartRunAsync(agent);
        var isModel = route.Contains("/models/", StringComparison.Ordinal);
        var (real, guessed) = isModel ? (agent, agent + "x") : (run.Replace("run_", "resp_", StringComparison.Ordinal), "resp_01hzzzzzzzzzzzzzzzzzzzzzzz");

        using var attacked = await AttackAsync(route, real);
        using var unknown = await AttackAsync(route, guessed);
        using var own = await app.Http.SendJsonAsync(HttpMethod.Get, isModel ? $"/v1/models/{real}" : $"/v1/responses/{real}", "");

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (attacked.StatusCode, unknown.StatusCode));
        Assert.Equal(
            (await unknown.Content.ReadAsStringAsync()).Replace(Unique(guessed), "", StringComparison.Ordinal),
            (await attacked.Content.ReadAsStringAsync()).Replace(Unique(real), "", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Fact]
    public async Task Schedule_of_another_does_not_exist()
    {
        var (id, body) = ($"s-{Guid.NewGuid():N}", """{"agent":"assistant","input":"Hello","cron":"0 8 1 1 *","timeZone":"UTC"}""");
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/schedules/{id}", body);

        using var read = await AttackAsync("GET /api/schedules/{id}", id);
        using var deleted = await AttackAsync("DELETE /api/schedules/{id}", id);
        using var own = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/schedules/{id}", body.Replace("Hello", "Mine", StringComparison.Ordinal), As(_mallory));
        using var kept = await app.Http.GetAsync(new Uri($"/api/schedules/{id}", UriKind.Relative));

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (read.StatusCode, deleted.StatusCode));
        Assert.Equal((HttpStatusCode.Created, "Hello"), (own.StatusCode, (await kept.ReadAsync()).Text("input")));
    }

    [Fact]
    public async Task Key_of_another_does_not_exist()
    {
        using var created = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/keys", """{"name":"alice's"}""");
        var key = await created.ReadAsync();

        using var read = await AttackAsync("GET /api/keys/{id}", key.Text("id"));
        using var revoked = await AttackAsync("DELETE /api/keys/{id}", key.Text("id"));
        using var guessed = await AttackAsync("DELETE /api/keys/{id}", "key_" + new string('0', 16));
        using var listed = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/keys", "", As(_mallory));
        using var kept = await app.Http.GetAsync(new Uri($"/api/keys/{key.Text("id")}", UriKind.Relative));
        using var removed = await app.Http.DeleteAsync(new Uri($"/api/keys/{key.Text("id")}", UriKind.Relative));

        Assert.All([read, revoked, guessed], response => Assert.Equal(HttpStatusCode.NotFound, response.StatusCode));
        Assert.Empty((await listed.ReadAsync()).GetProperty("items").EnumerateArray());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NoContent), (kept.StatusCode, removed.StatusCode));
    }

    [Theory]
    [MemberData(nameof(BatchAttacks))]
    public async Task Batch_of_another_does_not_exist(string route, string situation)
    {
        using var accepted = await app.Http.SendJsonAsync(
            HttpMethod.Post, "/api/batches", """{"agent":"assistant","items":[{"id":"a","input":"What is 1+1?"}]}""");
        var id = (await accepted.ReadAsync()).Text("id");

        using var response = await AttackAsync(route, situation == "guessed id" ? "batch_" + new string('0', 26) : id);
        using var kept = await app.Http.GetAsync(new Uri($"/api/batches/{id}", UriKind.Relative));

        Assert.Equal((HttpStatusCode.NotFound, "not_found"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
    }

    [Fact]
    public async Task Run_in_a_conversation_of_the_same_id_is_in_one_of_its_own()
    {
        var (agent, id) = (await app.PutAgentAsync(), $"c-{Guid.NewGuid():N}");
        await StartRunAsync(agent, id);
        var shared = await SharedIdAsync(agent, _mallory);
        app.Model.RespondWith(request => ModelReply.Text($"{request.Messages.Count}"));

        using var response = await app.Http.PostRunAsync(shared, new { input = "What was said?", conversationId = id }, ("Prefer", "wait=60"), As(_mallory));

        Assert.Equal("1", (await response.ReadAsync()).Text("output"));
    }

    [Theory]
    [MemberData(nameof(HostileIds))]
    public async Task Hostile_id_reaches_nothing(string route, string id)
    {
        var agent = await app.PutAgentAsync();
        var target = RunRoutes.Contains(route) ? await StartRunAsync(agent) : agent;

        using var response = await AttackAsync(route, id.Replace("{id}", target, StringComparison.Ordinal));

        Assert.InRange((int)response.StatusCode, 400, 499);
        Assert.NotEqual(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.DoesNotContain("PartitionKey eq", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await AssertUntouchedAsync(agent);
    }

    [Theory]
    [InlineData("/api/runs?agent={agent}")]
    [InlineData("/api/runs?agent=x'%20or%20PartitionKey%20ne%20'")]
    [InlineData("/api/runs?conversationId=x'%20or%20AgentId%20ge%20'")]
    [InlineData("/api/runs?after={list!' or PartitionKey ne '}")]
    [InlineData("/api/runs?after={list!0' or RowKey ge 'list!}")]
    [InlineData("/api/agents?after={o:' or PartitionKey ne '}")]
    [InlineData("/api/agents?after={s:../alice}")]
    [InlineData("/api/agents?after={o:a}&limit=100")]
    public async Task Filter_or_cursor_shows_nothing_of_others(string query)
    {
        var agent = await app.PutAgentAsync();
        var run = await StartRunAsync(agent);
        var path = Cursor().Replace(
            query.Replace("{agent}", agent, StringComparison.Ordinal), match => Convert.ToBase64String(Encoding.UTF8.GetBytes(match.Groups[1].Value)).TrimEnd('='));

        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", As(_mallory));
        var answer = await response.Content.ReadAsStringAsync();

        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.BadRequest, response.StatusCode.ToString());
        Assert.DoesNotContain(run, answer, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"id\":\"{agent}\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forbidden_share_tells_no_more_than_reading_does()
    {
        var shared = await SharedIdAsync(await app.PutAgentAsync(), _mallory);

        using var existing = await AttackAsync("PUT /api/agents/{agent}/shares/{user}", shared);
        using var other = await AttackAsync("PUT /api/agents/{agent}/shares/{user}", shared + "x");

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.NotFound), (existing.StatusCode, other.StatusCode));
    }

    [Fact]
    public async Task Management_addresses_of_durable_functions_are_in_no_answer()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));

        using var accepted = await app.Http.PostRunAsync(agent, new { input = "Hello" });
        var id = (await accepted.ReadAsync()).Text("id");
        await app.Http.EndOfRunAsync(id);
        using var run = await app.Http.GetAsync(new Uri($"/api/runs/{id}", UriKind.Relative));
        using var steps = await app.Http.GetAsync(new Uri($"/api/runs/{id}/steps", UriKind.Relative));
        using var list = await app.Http.GetAsync(new Uri("/api/runs?limit=1", UriKind.Relative));

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        foreach (var response in (HttpResponseMessage[])[accepted, run, steps, list])
        {
            var everything = $"{response.Headers} {await response.Content.ReadAsStringAsync()}";
            Assert.DoesNotMatch("(?i)webhooks|durabletask|taskhub|sendEventPostUri|code=|sig=", everything);
        }
    }

    [Fact]
    public void Every_route_that_names_a_resource_is_attacked_here()
    {
        var resources = HttpFunctions.Routes.Where(route => route.Contains('{', StringComparison.Ordinal) && route != Preflight
                                              && !AdminRoutes.Any(admin => route.Contains($" {admin}", StringComparison.Ordinal)));

        Assert.Equal(Order([.. AgentRoutes, .. RunRoutes, .. ConversationRoutes, .. ScheduleRoutes, .. BatchRoutes, .. KeyRoutes, .. ChatRoutes, .. OpenAIRoutes, .. OpenAIConversationRoutes]), Order(resources));
    }

    /// <summary>What a response's id has in common with that of its run.</summary>
    private static string Unique(string id) => id.StartsWith("resp_", StringComparison.Ordinal) ? id["resp_".Length..] : id;

    private (string Name, string Value) As(string user) => app.As(user);

    private static IEnumerable<string> Order(IEnumerable<string> routes) => routes.Order(StringComparer.Ordinal);

    private static TheoryData<string, string> Cross(string[] routes, params string[] attacks)
    {
        var rows = new TheoryData<string, string>();
        foreach (var (route, attack) in routes.SelectMany(route => attacks.Select(attack => (route, attack))))
        {
            rows.Add(route, attack);
        }

        return rows;
    }

    private Task<HttpResponseMessage> AttackAsync(string route, string id)
    {
        var (method, path) = (route.Split(' ')[0], route.Split(' ')[1]);
        var body = method switch
        {
            "PUT" when !path.Contains("/shares/", StringComparison.Ordinal) => Definition,
            "POST" when path.EndsWith("/fork", StringComparison.Ordinal) => """{"fromTurn":1}""",
            "POST" when path.Contains("/tool-results/", StringComparison.Ordinal) => """{"result":"x"}""",
            "POST" when path.Contains("/approvals/", StringComparison.Ordinal) => """{"decision":"approve","argumentsHash":"x"}""",
            "POST" when RunRoutes.Contains(route) || BatchRoutes.Contains(route) || OpenAIRoutes.Contains(route) => "",
            "POST" when path.StartsWith("/v1/conversations/", StringComparison.Ordinal) =>
                path.EndsWith("/items", StringComparison.Ordinal) ? """{"items":[{"role":"user","content":"x"}]}""" : """{"metadata":{}}""",
            "POST" when path.StartsWith("/ag-ui/", StringComparison.Ordinal) => """{"threadId":"c","runId":"r","messages":[{"role":"user","content":"Hello"}]}""",
            "POST" when path.EndsWith("/chat", StringComparison.Ordinal) => """{"id":"c","message":{"role":"user","parts":[{"type":"text","text":"Hello"}]}}""",
            "POST" => """{"input":"Hello"}""",
            _ => "",
        };
        return app.Http.SendJsonAsync(
            new HttpMethod(method),
            path.Replace("{agent}", id, StringComparison.Ordinal).Replace("{id}", id, StringComparison.Ordinal).Replace("{user}", "eve", StringComparison.Ordinal)
                .Replace("{callId}", "t1c0", StringComparison.Ordinal).Replace("{item}", "msg_c0_i0", StringComparison.Ordinal),
            body,
            As(_mallory));
    }

    private async Task<string> StartRunAsync(string agent, string? conversationId = null)
    {
        app.Model.RespondWith(_ => ModelReply.Text("For alice only."));
        using var response = await app.Http.PostRunAsync(agent, new { input = "Hello", conversationId }, ("Prefer", "wait=60"));
        return (await response.ReadAsync()).Text("id");
    }

    /// <summary>Shares alice's agent with a user and answers its id as that user sees it.</summary>
    private async Task<string> SharedIdAsync(string agent, string user)
    {
        using var shared = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{agent}/shares/{user}", "");
        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/agents?limit=100", "", As(user));
        return Assert.Single(
            (await list.ReadAsync()).GetProperty("items").EnumerateArray().Select(item => item.Text("id")),
            id => id.EndsWith($"~{agent}", StringComparison.Ordinal));
    }

    private async Task AssertUntouchedAsync(string agent)
    {
        using var response = await app.Http.GetAsync(new Uri($"/api/agents/{agent}", UriKind.Relative));
        var document = await response.ReadAsync();
        Assert.Equal((1, "alice"), (document.GetProperty("version").GetInt32(), document.Text("owner")));
    }

    [GeneratedRegex(@"\{([^}]+)\}")]
    private static partial Regex Cursor();
}
