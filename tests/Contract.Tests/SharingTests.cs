using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(UsersHost.Name)]
public class SharingTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    /// <summary>Sharees of this test alone, so that their lists hold nothing of others.</summary>
    private readonly string _bob = $"bob{Guid.NewGuid():N}";

    [Fact]
    public async Task Shared_agent_is_listed_and_read_under_an_id_of_its_own()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", instructions = "Be brief." });
        var shared = await ShareAsync(agent, _bob);

        using var read = await SendAsync(HttpMethod.Get, $"/api/agents/{shared}", _bob);
        var document = await read.ReadAsync();

        Assert.Matches($"^[0-9a-z]+~{agent}$", shared);
        Assert.Equal(
            (shared, "alice", "user", "Be brief."),
            (document.Text("id"), document.Text("owner"), document.Text("source"), document.Text("instructions")));
        Assert.DoesNotContain(shared, await ListAsync("alice"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_of_a_shared_agent_belongs_to_who_started_it(bool waiting)
    {
        var shared = await ShareAsync(await app.PutAgentAsync(), _bob);
        app.Model.RespondWith(_ => ModelReply.Text("For bob."));

        using var started = await app.Http.PostRunAsync(shared, new { input = "Hello" }, [As(_bob), .. waiting ? [Wait] : Array.Empty<(string, string)>()]);
        var run = await EndOfRunAsync((await started.ReadAsync()).Text("id"));
        using var filtered = await SendAsync(HttpMethod.Get, $"/api/runs?agent={shared}", _bob);
        using var alices = await SendAsync(HttpMethod.Get, $"/api/runs/{run.Text("id")}", "alice");

        Assert.Equal(waiting ? HttpStatusCode.OK : HttpStatusCode.Accepted, started.StatusCode);
        Assert.Equal((shared, "For bob."), (run.Text("agent"), run.Text("output")));
        Assert.Equal(run.Text("id"), Assert.Single((await filtered.ReadAsync()).GetProperty("items").EnumerateArray()).Text("id"));
        Assert.Equal(HttpStatusCode.NotFound, alices.StatusCode);
    }

    [Fact]
    public async Task Sharee_can_neither_change_nor_delete_nor_share_the_agent()
    {
        var agent = await app.PutAgentAsync();
        var shared = await ShareAsync(agent, _bob);

        HttpResponseMessage[] refused =
        [
            await SendAsync(HttpMethod.Put, $"/api/agents/{shared}", _bob, """{"model":"openai:scripted"}"""),
            await SendAsync(HttpMethod.Delete, $"/api/agents/{shared}", _bob),
            await SendAsync(HttpMethod.Put, $"/api/agents/{shared}/shares/eve", _bob),
            await SendAsync(HttpMethod.Delete, $"/api/agents/{shared}/shares/{_bob}", _bob),
        ];

        foreach (var response in refused)
        {
            Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
            response.Dispose();
        }

        using var own = await SendAsync(HttpMethod.Get, $"/api/agents/{agent}", "alice");
        Assert.Equal(1, (await own.ReadAsync()).GetProperty("version").GetInt32());
    }

    [Fact]
    public async Task Sharee_sees_the_agent_as_it_is_now()
    {
        var agent = await app.PutAgentAsync();
        var shared = await ShareAsync(agent, _bob);
        using var replaced = await SendAsync(HttpMethod.Put, $"/api/agents/{agent}", "alice", """{"model":"openai:scripted","maxTurns":3}""");

        using var read = await SendAsync(HttpMethod.Get, $"/api/agents/{shared}", _bob);

        var document = await read.ReadAsync();
        Assert.Equal((2, 3), (document.GetProperty("version").GetInt32(), document.GetProperty("maxTurns").GetInt32()));
    }

    [Fact]
    public async Task Revoked_share_is_gone_at_once_and_runs_of_before_stay_their_users()
    {
        var agent = await app.PutAgentAsync();
        var shared = await ShareAsync(agent, _bob);
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        var key = ("Idempotency-Key", $"key-{Guid.NewGuid():N}");
        using var first = await app.Http.PostRunAsync(shared, new { input = "Hello" }, As(_bob), Wait, key);

        using var revoked = await SendAsync(HttpMethod.Delete, $"/api/agents/{agent}/shares/{_bob}", "alice");
        using var read = await SendAsync(HttpMethod.Get, $"/api/agents/{shared}", _bob);
        using var changed = await SendAsync(HttpMethod.Put, $"/api/agents/{shared}", _bob, """{"model":"openai:scripted"}""");
        using var started = await app.Http.PostRunAsync(shared, new { input = "Hello" }, As(_bob));
        using var repeated = await app.Http.PostRunAsync(shared, new { input = "Hello" }, As(_bob), key);
        using var earlier = await SendAsync(HttpMethod.Get, first.Headers.Location!.ToString(), _bob);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NoContent), (first.StatusCode, revoked.StatusCode));
        Assert.All([read, changed, started], response => Assert.Equal(HttpStatusCode.NotFound, response.StatusCode));
        Assert.DoesNotContain(shared, await ListAsync(_bob));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (earlier.StatusCode, repeated.StatusCode));
        Assert.Equal((await earlier.ReadAsync()).Text("id"), (await repeated.ReadAsync()).Text("id"));
    }

    [Fact]
    public async Task Run_in_flight_outlives_the_share()
    {
        var agent = await app.PutAgentAsync();
        var shared = await ShareAsync(agent, _bob);
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Still here.")));

        using var started = await app.Http.PostRunAsync(shared, new { input = "Hello" }, As(_bob));
        using var revoked = await SendAsync(HttpMethod.Delete, $"/api/agents/{agent}/shares/{_bob}", "alice");
        gate.Open();
        var run = await EndOfRunAsync((await started.ReadAsync()).Text("id"));

        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.Equal("Still here.", run.Text("output"));
    }

    [Fact]
    public async Task Deleted_agent_is_shared_no_more_and_its_successor_is_not()
    {
        var agent = await app.PutAgentAsync();
        var shared = await ShareAsync(agent, _bob);

        using var deleted = await SendAsync(HttpMethod.Delete, $"/api/agents/{agent}", "alice");
        using var gone = await SendAsync(HttpMethod.Get, $"/api/agents/{shared}", _bob);
        using var created = await SendAsync(HttpMethod.Put, $"/api/agents/{agent}", "alice", """{"model":"openai:scripted"}""");
        using var successor = await SendAsync(HttpMethod.Get, $"/api/agents/{shared}", _bob);

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Created), (deleted.StatusCode, created.StatusCode));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (gone.StatusCode, successor.StatusCode));
    }

    [Theory]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    public async Task Sharing_and_unsharing_may_be_repeated(string method)
    {
        var agent = await app.PutAgentAsync();
        await ShareAsync(agent, _bob);

        for (var i = 0; i < 2; i++)
        {
            using var response = await SendAsync(new HttpMethod(method), $"/api/agents/{agent}/shares/{_bob}", "alice");
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }

        Assert.Equal(method == "PUT" ? 1 : 0, (await ListAsync(_bob)).Count(id => id.EndsWith(agent, StringComparison.Ordinal)));
    }

    public static TheoryData<string, string, HttpStatusCode> RefusedShares => new()
    {
        // situation, path below /api/agents ({own} is an agent of alice's), answer
        { "with oneself", "{own}/shares/alice", HttpStatusCode.BadRequest },
        { "with what is no user id", "{own}/shares/a%0Ab", HttpStatusCode.BadRequest },
        { "with a user id of 256 characters", $"{{own}}/shares/{new string('u', 256)}", HttpStatusCode.BadRequest },
        { "with a user id too long for storage", $"{{own}}/shares/{string.Concat(Enumerable.Repeat("%C3%A6", 75))}", HttpStatusCode.BadRequest },
        { "with a parameter nobody knows", "{own}/shares/bob?right=write", HttpStatusCode.BadRequest },
        { "of an agent of the configuration", "assistant/shares/bob", HttpStatusCode.Forbidden },
        { "of an agent that does not exist", "nothing-here/shares/bob", HttpStatusCode.NotFound },
        { "of an id that cannot exist", "a~b/shares/bob", HttpStatusCode.NotFound },
    };

    [Theory]
    [MemberData(nameof(RefusedShares))]
    public async Task Share_that_makes_no_sense_is_refused(string situation, string path, HttpStatusCode status)
    {
        var own = await app.PutAgentAsync();

        using var response = await SendAsync(HttpMethod.Put, $"/api/agents/{path.Replace("{own}", own, StringComparison.Ordinal)}", "alice");

        Assert.True(status == response.StatusCode, $"{situation}: {response.StatusCode}");
    }

    [Theory]
    [InlineData("a~b")]
    [InlineData("~a")]
    [InlineData("a~")]
    public async Task Own_ids_never_contain_a_tilde(string id)
    {
        using var response = await SendAsync(HttpMethod.Put, $"/api/agents/{id}", "alice", """{"model":"openai:scripted"}""");

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
    }

    private (string Name, string Value) As(string user) => app.As(user);

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string user, string body = "") =>
        app.Http.SendJsonAsync(method, path, body, As(user));

    /// <summary>Shares alice's agent and answers the id that the sharee's list gives it.</summary>
    private async Task<string> ShareAsync(string agent, string user)
    {
        using var shared = await SendAsync(HttpMethod.Put, $"/api/agents/{agent}/shares/{user}", "alice");
        Assert.Equal(HttpStatusCode.NoContent, shared.StatusCode);
        return Assert.Single(await ListAsync(user), id => id.EndsWith($"~{agent}", StringComparison.Ordinal));
    }

    private async Task<List<string>> ListAsync(string user)
    {
        using var response = await SendAsync(HttpMethod.Get, "/api/agents?limit=100", user);
        return [.. (await response.ReadAsync()).GetProperty("items").EnumerateArray().Select(agent => agent.Text("id"))];
    }

    private Task<JsonElement> EndOfRunAsync(string runId) => app.Http.EndOfRunAsync(runId, app.As(_bob));
}
