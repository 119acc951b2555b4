using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

[Collection(SharedLocalHost.Name)]
public class AgentContractTests(ContractFixture app)
{
    private const string Minimal = """{"model":"openai:scripted"}""";

    [Fact]
    public async Task Agent_is_created_replaced_read_and_deleted()
    {
        var path = $"/api/agents/a{Guid.NewGuid():N}";

        using var created = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal);
        using var replaced = await app.Http.SendJsonAsync(
            HttpMethod.Put, path, """{"model":"openai:scripted","tools":["clock"],"maxTurns":7,"temperature":0.5}""");
        using var read = await app.Http.GetAsync(new Uri(path, UriKind.Relative));
        using var deleted = await app.Http.DeleteAsync(new Uri(path, UriKind.Relative));
        using var gone = await app.Http.GetAsync(new Uri(path, UriKind.Relative));

        Assert.Equal(
            [HttpStatusCode.Created, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.NoContent, HttpStatusCode.NotFound],
            new[] { created, replaced, read, deleted, gone }.Select(response => response.StatusCode));
        var agent = await read.ReadAsync();
        Assert.Equal((2, "alice", "user", 7), (agent.GetProperty("version").GetInt32(), agent.Text("owner"), agent.Text("source"), agent.GetProperty("maxTurns").GetInt32()));
        Assert.Equal(read.Headers.ETag, replaced.Headers.ETag);
        Assert.NotEqual(created.Headers.ETag, replaced.Headers.ETag);
    }

    [Fact]
    public async Task Write_under_an_old_version_is_refused()
    {
        var path = $"/api/agents/a{Guid.NewGuid():N}";
        using var created = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal, ("If-None-Match", "*"));
        var first = created.Headers.ETag!.ToString();

        using var replaced = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal, ("If-Match", first));
        using var stale = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal, ("If-Match", first));
        using var exists = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal, ("If-None-Match", "*"));
        using var staleDelete = await app.Http.SendJsonAsync(HttpMethod.Delete, path, "", ("If-Match", first));
        using var absent = await app.Http.SendJsonAsync(HttpMethod.Put, path + "x", Minimal, ("If-Match", "*"));
        using var unquoted = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal, ("If-Match", "xy"));

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (created.StatusCode, replaced.StatusCode));
        Assert.All([stale, exists, staleDelete, absent], response => Assert.Equal(HttpStatusCode.PreconditionFailed, response.StatusCode));
        Assert.Equal(HttpStatusCode.BadRequest, unquoted.StatusCode);
    }

    [Fact]
    public async Task Reader_who_has_the_version_is_told_so_without_the_agent()
    {
        var path = $"/api/agents/a{Guid.NewGuid():N}";
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal);
        var tag = put.Headers.ETag!.ToString();

        foreach (var names in (string[])[tag, $"W/{tag}", $"\"other\", {tag}", $"\"a,b\" , W/{tag},", "*"])
        {
            using var known = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", ("If-None-Match", names));
            using var head = await app.Http.SendJsonAsync(HttpMethod.Head, path, "", ("If-None-Match", names));
            Assert.Equal((HttpStatusCode.NotModified, HttpStatusCode.NotModified, tag), (known.StatusCode, head.StatusCode, known.Headers.ETag?.ToString()));
            Assert.Empty(await known.Content.ReadAsByteArrayAsync());
        }

        using var other = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", ("If-None-Match", "\"other\", W/\"more\""));
        using var match = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", ("If-Match", $"\"other\", {tag}"));
        using var stale = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", ("If-Match", $"W/{tag}"));
        using var none = await app.Http.SendJsonAsync(HttpMethod.Get, path + "x", "", ("If-None-Match", "*"));
        using var wrong = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", ("If-None-Match", "abc"));
        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.PreconditionFailed, HttpStatusCode.NotFound, HttpStatusCode.BadRequest],
            new[] { other, match, stale, none, wrong }.Select(response => response.StatusCode));
    }

    [Fact]
    public async Task Write_names_the_versions_that_it_may_and_may_not_replace()
    {
        var path = $"/api/agents/a{Guid.NewGuid():N}";
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, path, Minimal);
        var tag = put.Headers.ETag!.ToString();
        async Task<HttpStatusCode> WriteAsync(string name, string value, string? at = null)
        {
            using var response = await app.Http.SendJsonAsync(HttpMethod.Put, at ?? path, Minimal, (name, value));
            tag = response.Headers.ETag?.ToString() ?? tag;
            return response.StatusCode;
        }

        Assert.Equal(HttpStatusCode.PreconditionFailed, await WriteAsync("If-None-Match", $"\"other\", {tag}"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await WriteAsync("If-None-Match", $"W/{tag}"));
        Assert.Equal(HttpStatusCode.OK, await WriteAsync("If-None-Match", "\"other\", W/\"more\""));
        Assert.Equal(HttpStatusCode.OK, await WriteAsync("If-Match", $"\"other\", {tag}"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await WriteAsync("If-Match", $"W/{tag}"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await WriteAsync("If-Match", tag, path + "x"));
        Assert.Equal(HttpStatusCode.Created, await WriteAsync("If-None-Match", tag, path + "y"));
        Assert.Equal(HttpStatusCode.BadRequest, await WriteAsync("If-None-Match", $"*, {tag}"));
        Assert.Equal(HttpStatusCode.BadRequest, await WriteAsync("If-Match", "\"half"));
    }

    [Fact]
    public async Task Configured_agent_is_seen_by_everyone_and_changed_by_nobody()
    {
        using var read = await app.Http.GetAsync(new Uri("/api/agents/assistant", UriKind.Relative));
        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/assistant", Minimal);
        using var deleted = await app.Http.DeleteAsync(new Uri("/api/agents/assistant", UriKind.Relative));

        Assert.Equal("configuration", (await read.ReadAsync()).Text("source"));
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (put.StatusCode, deleted.StatusCode));
        Assert.Equal("forbidden", (await put.ReadAsync()).Text("code"));
    }

    [Fact]
    public async Task Agents_of_others_do_not_exist()
    {
        var agent = await app.PutAgentAsync();
        var bob = app.As("bob");

        using var read = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/agents/{agent}", "", bob);
        using var deleted = await app.Http.SendJsonAsync(HttpMethod.Delete, $"/api/agents/{agent}", "", bob);
        using var run = await app.Http.PostRunAsync(agent, new { input = "Hello" }, bob);

        Assert.All([read, deleted, run], response => Assert.Equal(HttpStatusCode.NotFound, response.StatusCode));
    }

    [Fact]
    public async Task List_pages_through_every_agent_once()
    {
        var user = app.As($"pager{Guid.NewGuid():N}");
        for (var i = 0; i < 5; i++)
        {
            (await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/own{i}", Minimal, user)).Dispose();
        }

        List<string> ids = [];
        var path = "/api/agents?limit=2";
        for (var next = ""; next is not null;)
        {
            using var response = await app.Http.SendJsonAsync(HttpMethod.Get, next.Length == 0 ? path : $"{path}&after={next}", "", user);
            var page = await response.ReadAsync();
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(agent => agent.Text("id")));
            next = page.GetProperty("next").GetString();
        }

        Assert.Equal(["assistant", "own0", "own1", "own2", "own3", "own4"], ids);
    }

    [Fact]
    public async Task Run_keeps_the_definition_it_was_started_with()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", instructions = "Old." });
        var gate = new Gate();
        app.Model.RespondWith(request => ModelReply.Hang(gate, ModelReply.Text(request.Messages[0].Content)));

        using var started = await app.Http.PostRunAsync(agent, new { input = "Hello" });
        await app.Http.DeleteAsync(new Uri($"/api/agents/{agent}", UriKind.Relative));
        gate.Open();
        var run = await app.Http.EndOfRunAsync((await started.ReadAsync()).Text("id"));

        Assert.Equal("Old.", run.Text("output"));
    }

    [Fact]
    public async Task Tools_are_listed_with_their_schemas()
    {
        using var response = await app.Http.GetAsync(new Uri("/api/tools", UriKind.Relative));
        var tools = (await response.ReadAsync()).GetProperty("items").EnumerateArray().ToList();

        Assert.Equal(["calculator", "clock", "http_get", "http_post", "read_skill"], tools.Select(tool => tool.Text("name")));
        Assert.Equal([true, true, true, false, true], tools.Select(tool => tool.GetProperty("idempotent").GetBoolean()));
        Assert.Equal([true, false, false, false, false], tools.Select(tool => tool.GetProperty("pure").GetBoolean()));
        Assert.Equal(JsonValueKind.Object, tools[0].GetProperty("parameters").GetProperty("properties").GetProperty("expression").ValueKind);
    }
}
