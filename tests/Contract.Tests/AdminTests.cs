using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Admins look after the users of their tenant with <c>?userId=</c>.</summary>
[Collection(UsersHost.Name)]
public class AdminTests(ContractFixture app)
{
    private const string Definition = """{"model":"openai:scripted"}""";

    private readonly string _carol = $"carol{Guid.NewGuid():N}";

    public static TheoryData<string, string> RoutesForUsers => new()
    {
        { "GET", "/api/agents?limit=5" },
        { "GET", "/api/agents/{agent}" },
        { "PUT", "/api/agents/{agent}" },
        { "DELETE", "/api/agents/{agent}" },
        { "PUT", "/api/agents/{agent}/shares/dave" },
        { "DELETE", "/api/agents/{agent}/shares/dave" },
        { "GET", "/api/batches?limit=5" },
        { "GET", "/api/usage?days=5" },
        { "GET", "/api/runs?limit=5" },
        { "GET", "/api/runs/{run}" },
        { "GET", "/api/runs/{run}/steps" },
        { "GET", "/api/conversations?limit=5" },
        { "GET", "/api/conversations/c-1" },
        { "GET", "/api/conversations/c-1/messages" },
        { "DELETE", "/api/conversations/c-1" },
        { "GET", "/api/schedules?limit=5" },
        { "GET", "/api/schedules/s-1" },
        { "DELETE", "/api/schedules/s-1" },
    };

    [Theory]
    [InlineData()]
    [InlineData("admin")]
    public async Task Caller_is_told_who_that_is(params string[] roles)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/me", "", app.As(_carol, roles));
        var me = await response.ReadAsync();

        Assert.Equal((_carol, app is JwtContractFixture ? TokenIssuer.Tenant : "dev"), (me.Text("user"), me.Text("tenant")));
        Assert.Equal(roles, me.GetProperty("roles").EnumerateArray().Select(role => role.GetString()));
    }

    [Fact]
    public async Task Admin_reads_and_lists_the_agents_and_runs_of_a_user()
    {
        var (agent, run) = await CarolsAsync();

        var listed = await AdminReadsAsync("/api/agents");
        var read = await AdminReadsAsync($"/api/agents/{agent}");
        var runs = await AdminReadsAsync("/api/runs");
        var found = await AdminReadsAsync($"/api/runs/{run}");
        var steps = await AdminReadsAsync($"/api/runs/{run}/steps");

        Assert.Equal(["assistant", agent], listed.GetProperty("items").EnumerateArray().Select(item => item.Text("id")));
        Assert.Equal(_carol, read.Text("owner"));
        Assert.Equal(run, Assert.Single(runs.GetProperty("items").EnumerateArray()).Text("id"));
        Assert.Equal("Hello carol.", found.Text("output"));
        Assert.Equal(["input", "model"], steps.GetProperty("items").EnumerateArray().Select(step => step.Text("kind")));
    }

    [Fact]
    public async Task Links_of_an_answer_about_a_user_lead_back_to_that_user()
    {
        var (_, run) = await CarolsAsync();

        var links = (await AdminReadsAsync($"/api/runs/{run}")).GetProperty("links");
        var listed = (await AdminReadsAsync("/api/runs")).GetProperty("items")[0].GetProperty("links");

        Assert.Equal(links.GetRawText(), listed.GetRawText());
        foreach (var link in links.EnumerateObject())
        {
            using var followed = await SendAsync(link.Name == "cancel" ? "POST" : "GET", link.Value.GetString()!, Admin);
            Assert.Equal(HttpStatusCode.OK, followed.StatusCode);
        }
    }

    [Fact]
    public async Task Admin_creates_changes_shares_and_deletes_agents_as_their_owners()
    {
        var (agent, _) = await CarolsAsync();
        var dave = $"dave{Guid.NewGuid():N}";

        using var created = await SendAsync("PUT", $"/api/agents/made?userId={_carol}", Admin, Definition);
        using var changed = await SendAsync("PUT", $"/api/agents/{agent}?userId={_carol}", Admin, Definition);
        using var shared = await SendAsync("PUT", $"/api/agents/made/shares/{dave}?userId={_carol}", Admin);
        using var deleted = await SendAsync("DELETE", $"/api/agents/{agent}?userId={_carol}", Admin);
        using var carols = await SendAsync("GET", "/api/agents", As(_carol));
        using var daves = await SendAsync("GET", "/api/agents", As(dave));

        Assert.Equal(
            (HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.NoContent, HttpStatusCode.NoContent),
            (created.StatusCode, changed.StatusCode, shared.StatusCode, deleted.StatusCode));
        Assert.Equal(_carol, (await created.ReadAsync()).Text("owner"));
        Assert.Equal(["assistant", "made"], (await carols.ReadAsync()).GetProperty("items").EnumerateArray().Select(item => item.Text("id")));
        Assert.EndsWith("~made", (await daves.ReadAsync()).GetProperty("items")[1].Text("id"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(RoutesForUsers))]
    public async Task Naming_another_user_is_403_for_whoever_is_no_admin(string method, string route)
    {
        var (agent, run) = await CarolsAsync();

        using var response = await SendAsync(method, Fill(route, agent, run, _carol), As("mallory"), BodyOf(method, route));

        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
    }

    [Theory]
    [MemberData(nameof(RoutesForUsers))]
    public async Task Naming_oneself_is_allowed_to_everybody(string method, string route)
    {
        var (agent, run) = await CarolsAsync();
        using var talk = await app.Http.PostRunAsync(
            agent, new { input = "Hello", conversationId = "c-1" }, ("Prefer", "wait=60"), As(_carol));
        using var schedule = await SendAsync(
            "PUT", "/api/schedules/s-1", As(_carol), """{"agent":"assistant","input":"Hello","cron":"0 8 1 1 *","timeZone":"UTC"}""");

        using var response = await SendAsync(method, Fill(route, agent, run, _carol), As(_carol), BodyOf(method, route));

        Assert.True(response.IsSuccessStatusCode, response.StatusCode.ToString());
    }

    [Theory]
    [MemberData(nameof(RoutesForUsers))]
    public async Task Naming_what_is_no_user_id_is_400(string method, string route)
    {
        foreach (var user in (string[])["", "a%0Ab", "a%252Fb", "..", "carol&userId=dave", new string('u', 256)])
        {
            using var response = await SendAsync(method, Fill(route, "x", "run_x", user), Admin, BodyOf(method, route));

            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.True((await response.ReadAsync()).GetProperty("errors").TryGetProperty("userId", out _));
        }
    }

    [Fact]
    public async Task Unknown_user_has_nothing()
    {
        var nobody = $"nobody{Guid.NewGuid():N}";

        using var agents = await SendAsync("GET", $"/api/agents?userId={nobody}", Admin);
        using var runs = await SendAsync("GET", $"/api/runs?userId={nobody}", Admin);
        using var agent = await SendAsync("GET", $"/api/agents/x?userId={nobody}", Admin);
        using var run = await SendAsync("GET", $"/api/runs/run_x?userId={nobody}", Admin);

        Assert.Equal(["assistant"], (await agents.ReadAsync()).GetProperty("items").EnumerateArray().Select(item => item.Text("id")));
        Assert.Empty((await runs.ReadAsync()).GetProperty("items").EnumerateArray());
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (agent.StatusCode, run.StatusCode));
    }

    [Fact]
    public async Task Admin_who_names_nobody_sees_the_own_resources_only()
    {
        var (agent, run) = await CarolsAsync();

        using var read = await SendAsync("GET", $"/api/agents/{agent}", Admin);
        using var found = await SendAsync("GET", $"/api/runs/{run}", Admin);

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (read.StatusCode, found.StatusCode));
    }

    [Fact]
    public async Task Nobody_starts_runs_in_the_name_of_another()
    {
        var (agent, _) = await CarolsAsync();

        using var named = await SendAsync("POST", $"/api/agents/{agent}/runs?userId={_carol}", Admin, """{"input":"Hello"}""");
        using var unnamed = await SendAsync("POST", $"/api/agents/{agent}/runs", Admin, """{"input":"Hello"}""");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.NotFound), (named.StatusCode, unnamed.StatusCode));
        Assert.True((await named.ReadAsync()).GetProperty("errors").TryGetProperty("userId", out _));
    }

    [Fact]
    public async Task Configured_agent_is_read_only_for_admins_too()
    {
        using var put = await SendAsync("PUT", "/api/agents/assistant", Admin, Definition);
        using var shared = await SendAsync("PUT", $"/api/agents/assistant/shares/dave?userId={_carol}", Admin);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (put.StatusCode, shared.StatusCode));
    }

    private (string Name, string Value) Admin => As("root", "admin");

    private (string Name, string Value) As(string user, params string[] roles) => app.As(user, roles);

    private static string BodyOf(string method, string route) =>
        method == "PUT" && !route.Contains("/shares/", StringComparison.Ordinal) ? Definition : "";

    private static string Fill(string route, string agent, string run, string user)
    {
        var path = route.Replace("{agent}", agent, StringComparison.Ordinal).Replace("{run}", run, StringComparison.Ordinal);
        return $"{path}{(path.Contains('?', StringComparison.Ordinal) ? '&' : '?')}userId={user}";
    }

    private Task<HttpResponseMessage> SendAsync(string method, string path, (string, string) caller, string body = "") =>
        app.Http.SendJsonAsync(new HttpMethod(method), path, body, caller);

    private async Task<JsonElement> AdminReadsAsync(string path)
    {
        using var response = await SendAsync("GET", $"{path}?userId={_carol}", Admin);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return await response.ReadAsync();
    }

    /// <summary>An agent of carol's and a finished run of it.</summary>
    private async Task<(string Agent, string Run)> CarolsAsync()
    {
        var agent = $"a{Guid.NewGuid():N}";
        app.Model.RespondWith(_ => ModelReply.Text("Hello carol."));
        using var created = await SendAsync("PUT", $"/api/agents/{agent}", As(_carol), Definition);
        using var run = await app.Http.PostRunAsync(agent, new { input = "Hello" }, As(_carol), ("Prefer", "wait=60"));
        return (agent, (await run.ReadAsync()).Text("id"));
    }
}
