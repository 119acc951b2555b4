using System.Globalization;
using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>A run shows what it was asked, and lists show the runs that are asked for.</summary>
[Collection(RunsHost.Name)]
public class RunInputTests(ContractFixture app)
{
    private static readonly (string, string) Wait = ("Prefer", "wait=60");

    public static TheoryData<string> Inputs => new(
        "\"Hello\"",
        """[{"role":"user","content":"Hello"}]""",
        """[{"role":"user","content":"Hello"},{"role":"assistant","content":"Hi."},{"role":"user","content":"How are you?"}]""");

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task Run_its_steps_and_its_last_event_show_the_input_as_it_was_sent(string input)
    {
        using var started = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/agents/assistant/runs", $$"""{"input":{{input}}}""", Wait);
        var answered = await started.ReadAsync();
        var id = answered.Text("id");

        var run = await app.Http.EndOfRunAsync(id);
        var first = (await GetAsync($"/api/runs/{id}/steps")).GetProperty("items")[0];
        var events = await EventClient.ReadAllAsync(app.Http, id);

        Assert.Equal(input, run.GetProperty("input").GetRawText());
        Assert.Equal(run.GetRawText(), answered.GetRawText());
        Assert.Equal(("input", "completed", 0), (first.Text("kind"), first.Text("status"), first.GetProperty("turn").GetInt32()));
        Assert.Equal(input, first.GetProperty("input").GetRawText());
        Assert.Equal(run.GetRawText(), events[^1].Data.GetRawText());
    }

    [Fact]
    public async Task Fork_shows_its_own_input_or_else_the_one_that_it_took_over()
    {
        using var started = await app.Http.PostRunAsync("assistant", new { input = "Hello" }, Wait);
        var id = (await started.ReadAsync()).Text("id");

        using var same = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/fork", """{"fromTurn":1}""", Wait);
        using var other = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/fork", """{"fromTurn":2,"input":"And you?"}""", Wait);

        Assert.Equal("Hello", (await GetAsync($"/api/runs/{(await same.ReadAsync()).Text("id")}")).Text("input"));
        Assert.Equal("And you?", (await GetAsync($"/api/runs/{(await other.ReadAsync()).Text("id")}")).Text("input"));
    }

    [Fact]
    public async Task Lists_leave_the_input_out_unless_fields_names_it()
    {
        var user = app.As($"u{Guid.NewGuid():N}");
        using var started = await app.Http.PostRunAsync("assistant", new { input = "Hello" }, Wait, user);

        var plain = Assert.Single((await GetAsync("/api/runs", user)).GetProperty("items").EnumerateArray());
        var chosen = Assert.Single((await GetAsync("/api/runs?fields=status,input", user)).GetProperty("items").EnumerateArray());
        var single = await GetAsync($"/api/runs/{plain.Text("id")}?fields=status", user);
        using var unknown = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs?fields=status,inptu", "", user);

        Assert.False(plain.TryGetProperty("input", out _));
        Assert.Equal(["id", "input", "status"], chosen.EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal("Hello", chosen.Text("input"));
        Assert.Equal(["id", "status"], single.EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        Assert.True((await unknown.ReadAsync()).GetProperty("errors").TryGetProperty("fields", out _));
    }

    [Fact]
    public async Task Lists_are_filtered_by_time_and_metadata()
    {
        var user = app.As($"u{Guid.NewGuid():N}");
        List<JsonElement> runs = [];
        foreach (var ticket in (string[])["A-1", "A-2", "A-2"])
        {
            using var started = await app.Http.PostRunAsync("assistant", new { input = "x", metadata = new { ticket, kind = "test" } }, Wait, user);
            runs.Add(await started.ReadAsync());
        }

        var ids = runs.ConvertAll(run => run.Text("id"));
        var second = Uri.EscapeDataString(runs[1].GetProperty("createdAt").GetDateTimeOffset().ToString("O", CultureInfo.InvariantCulture));

        Assert.Equal([ids[2], ids[1]], await IdsAsync("metadata.ticket=A-2&metadata.kind=test", user));
        Assert.Empty(await IdsAsync("metadata.ticket=A-2&metadata.kind=other", user));
        Assert.Equal([ids[2], ids[1]], await IdsAsync($"since={second}", user));
        Assert.Equal([ids[0]], await IdsAsync($"until={second}", user));
        Assert.Equal([ids[1]], await IdsAsync($"since={second}&limit=1&until={Uri.EscapeDataString(runs[2].Text("createdAt"))}", user));
        Assert.Empty(await IdsAsync("until=2020-01-01", user));
        using var wrong = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs?since=yesterday", "", user);
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task Run_of_other_agents_links_to_their_runs_and_counts_what_they_used()
    {
        var helper = await app.PutAgentAsync(new { model = "openai:scripted" });
        var lead = await app.PutAgentAsync(new { model = "openai:lead", tools = new[] { $"agent:{helper}" } });
        var begin = new Gate();
        app.Model.RespondWith(request => request.Model != "lead" ? ModelReply.Text("42.")
            : request.ToolResults.Count == 0 ? ModelReply.Hang(begin, ModelReply.ToolCalls(($"agent_{helper}", """{"input":"Help."}"""))) : ModelReply.Text("Done."));
        using var started = await app.Http.PostRunAsync(lead, new { input = "Go" });
        var id = (await started.ReadAsync()).Text("id");
        await begin.Reached;

        // That a call begins is told to those who read by then.
        using var live = await EventClient.OpenAsync(app.Http, id);
        var events = await live.ReadUntilAsync(item => item.Type == "run.started");
        begin.Open();
        events.AddRange(await live.ReadToEndAsync());
        var run = await app.Http.EndOfRunAsync(id);

        var child = Assert.Single((await GetAsync(run.GetProperty("links").Text("children"))).GetProperty("items").EnumerateArray());
        var all = run.GetProperty("usage").GetProperty("withChildren");

        Assert.Equal(run.Text("id"), child.GetProperty("parent").Text("runId"));
        Assert.Equal(child.Text("id"), events.Single(item => item.Type == "tool.started").Data.Text("childRun"));
        Assert.Equal(
            run.GetProperty("usage").GetProperty("totalTokens").GetInt64() + child.GetProperty("usage").GetProperty("totalTokens").GetInt64(),
            all.GetProperty("totalTokens").GetInt64());
        Assert.Equal(3, all.GetProperty("modelCalls").GetInt32());
        Assert.Equal(run.GetRawText(), events[^1].Data.GetRawText());
        Assert.False(child.GetProperty("usage").TryGetProperty("withChildren", out _));
    }

    private async Task<IEnumerable<string>> IdsAsync(string query, (string, string) user) =>
        (await GetAsync($"/api/runs?{query}", user)).GetProperty("items").EnumerateArray().Select(run => run.Text("id"));

    private async Task<JsonElement> GetAsync(string path, params (string, string)[] headers)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", headers);
        var answer = await response.ReadAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, answer.GetRawText());
        return answer;
    }
}
