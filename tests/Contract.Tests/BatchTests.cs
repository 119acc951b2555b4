using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Batches over HTTP: upload, progress, results, cancel, another try, deletion.</summary>
[Collection(WorkHost.Name)]
public sealed class BatchTests(ContractFixture app)
{
    [Theory]
    [InlineData("json")]
    [InlineData("json, items first")]
    [InlineData("ndjson with a header")]
    [InlineData("ndjson with the agent in the query")]
    public async Task Batch_runs_every_item_and_answers_results_in_order(string form)
    {
        var agent = await app.PutAgentAsync(new { model = "openai:priced" });
        app.Model.RespondWith(request => ModelReply.Text($"Answer to {request.LastUserText}"));
        var items = Enumerable.Range(0, 230).Select(i => new { id = $"row-{i}", input = $"Question {i}" }).ToList();
        var lines = string.Join('\n', items.Select(item => JsonSerializer.Serialize(item)));

        using var accepted = form switch
        {
            "json" => await PostAsync(JsonSerializer.Serialize(new { agent, items })),
            "json, items first" => await PostAsync(JsonSerializer.Serialize(new { items, agent })),
            "ndjson with a header" => await PostAsync($"{JsonSerializer.Serialize(new { agent })}\n{lines}\n", lines: true),
            _ => await PostAsync(lines, lines: true, query: $"?agent={agent}"),
        };
        var batch = await accepted.ReadAsync();
        var ended = await EndAsync(batch.Text("id"));
        var results = await ResultsAsync(batch.Text("id"));

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal($"/api/batches/{batch.Text("id")}", accepted.Headers.Location?.ToString());
        Assert.Equal(("completed", agent), (ended.Text("status"), ended.Text("agent")));
        Assert.Equal((230, 0, 0, 230, 0, 0), Counts(ended));
        Assert.True(ended.GetProperty("costUsd").GetDecimal() > 0);
        Assert.Equal(items.Select(item => (item.id, $"Answer to {item.input}")), results.Select(line => (line.Text("id"), line.Text("output"))));
        Assert.All(results, line => Assert.Equal(("completed", 1), (line.Text("status"), line.GetProperty("usage").GetProperty("modelCalls").GetInt32())));
        Assert.Equal(230, results.Select(line => line.Text("runId")).Distinct().Count());
    }

    [Fact]
    public async Task Runs_of_items_are_readable_but_not_in_the_list_of_runs()
    {
        var user = $"ida{Guid.NewGuid():N}";
        using var accepted = await PostAsync(Body("assistant", 3), user: user);
        await EndAsync(await IdAsync(accepted), user);
        var line = (await ResultsAsync(await IdAsync(accepted), user))[0];

        using var run = await GetAsync($"/api/runs/{line.Text("runId")}", user);
        using var runs = await GetAsync("/api/runs", user);
        using var batches = await GetAsync("/api/batches", user);

        Assert.Equal(await IdAsync(accepted), (await run.ReadAsync()).Text("batchId"));
        Assert.Empty((await runs.ReadAsync()).GetProperty("items").EnumerateArray());
        Assert.Equal(await IdAsync(accepted), Assert.Single((await batches.ReadAsync()).GetProperty("items").EnumerateArray()).Text("id"));
    }

    [Fact]
    public async Task Same_key_and_body_is_the_same_batch_and_another_body_is_422()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());

        var together = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostAsync(Body(agent, 20), headers: key)));
        using var again = await PostAsync(Body(agent, 20), headers: key);
        using var other = await PostAsync(Body(agent, 21), headers: key);
        var id = await IdAsync(again);
        var ended = await EndAsync(id);

        Assert.Single(together, response => response.StatusCode == HttpStatusCode.Accepted);
        foreach (var response in together)
        {
            Assert.Equal(id, await IdAsync(response));
            response.Dispose();
        }

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity), (again.StatusCode, other.StatusCode));
        Assert.Equal((20, 0, 0, 20, 0, 0), Counts(ended));
    }

    [Fact]
    public async Task Failed_items_say_why_and_another_try_runs_only_them()
    {
        var agent = await app.PutAgentAsync();
        var broken = true;
        app.Model.RespondWith(request => broken && request.LastUserText!.EndsWith('7') ? ModelReply.Status(400) : ModelReply.Text("Fine."));
        using var accepted = await PostAsync(Body(agent, 30));
        var id = await IdAsync(accepted);
        var first = await EndAsync(id);
        var before = await ResultsAsync(id);
        var calls = app.Model.Requests.Count;
        broken = false;

        using var retried = await SendAsync(HttpMethod.Post, $"/api/batches/{id}/retry");
        var second = await EndAsync(id);
        using var nothing = await SendAsync(HttpMethod.Post, $"/api/batches/{id}/retry");

        Assert.Equal((30, 0, 0, 27, 3, 0), Counts(first));
        Assert.All(before.Where(line => line.Text("status") == "failed"), line =>
        {
            Assert.NotEmpty(line.GetProperty("error").Text("code"));
            Assert.False(line.TryGetProperty("output", out _));
        });
        Assert.Equal(HttpStatusCode.Accepted, retried.StatusCode);
        Assert.Equal((30, 0, 0, 30, 0, 0), Counts(second));
        Assert.Equal(calls + 3, app.Model.Requests.Count);
        Assert.Equal(HttpStatusCode.Conflict, nothing.StatusCode);
        var after = await ResultsAsync(id);
        Assert.Equal(3, before.Zip(after).Count(pair => pair.First.Text("runId") != pair.Second.Text("runId")));
    }

    [Fact]
    public async Task Cancel_ends_what_has_not_ended_and_keeps_what_has()
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(request => request.LastUserText == "Question 40" ? ModelReply.Hang(gate, ModelReply.Text("Late.")) : ModelReply.Text("Fine."));
        using var accepted = await PostAsync(Body(agent, 2000));
        var id = await IdAsync(accepted);
        await gate.Reached;

        using var cancelled = await SendAsync(HttpMethod.Post, $"/api/batches/{id}/cancel");
        gate.Open();
        var ended = await EndAsync(id);
        using var again = await SendAsync(HttpMethod.Post, $"/api/batches/{id}/cancel");
        var results = await ResultsAsync(id);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.OK), (cancelled.StatusCode, again.StatusCode));
        Assert.Equal("cancelled", ended.Text("status"));
        var (total, queued, running, completed, failed, dropped) = Counts(ended);
        Assert.Equal((2000, 0, 0, 0), (total, queued, running, failed));
        Assert.True(completed >= 30 && dropped > 1000, $"{completed} completed, {dropped} cancelled");
        Assert.Equal(2000, results.Count);
        Assert.Equal(completed, results.Count(line => line.Text("status") == "completed"));
    }

    [Fact]
    public async Task Deleted_batch_is_gone_with_its_runs_and_one_that_runs_is_409()
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Fine.")));
        using var accepted = await PostAsync(Body(agent, 5));
        var id = await IdAsync(accepted);
        await gate.Reached;

        using var early = await SendAsync(HttpMethod.Delete, $"/api/batches/{id}");
        gate.Open();
        await EndAsync(id);
        var run = (await ResultsAsync(id))[0].Text("runId");
        using var deleted = await SendAsync(HttpMethod.Delete, $"/api/batches/{id}");
        using var gone = await SendAsync(HttpMethod.Get, $"/api/batches/{id}");
        using var results = await SendAsync(HttpMethod.Get, $"/api/batches/{id}/results");
        using var runGone = await SendAsync(HttpMethod.Get, $"/api/runs/{run}");

        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.NoContent), (early.StatusCode, deleted.StatusCode));
        Assert.Equal(
            (HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.NotFound), (gone.StatusCode, results.StatusCode, runGone.StatusCode));
    }

    public static TheoryData<string, string, bool, string> BadBatches => new()
    {
        { "no JSON", "agent=x", false, "body" },
        { "no object", "[]", false, "body" },
        { "cut off", """{"agent":"assistant","items":[{"id":"a","input":"x"}""", false, "body" },
        { "no items", """{"agent":"assistant","items":[]}""", false, "items" },
        { "items missing", """{"agent":"assistant"}""", false, "items" },
        { "items twice", """{"agent":"assistant","items":[{"id":"a","input":"x"}],"items":[]}""", false, "items" },
        { "agent missing", """{"items":[{"id":"a","input":"x"}]}""", false, "agent" },
        { "unknown field", """{"agent":"assistant","more":1,"items":[{"id":"a","input":"x"}]}""", false, "more" },
        { "unknown field of an item", """{"agent":"assistant","items":[{"id":"a","input":"x","more":1}]}""", false, "items[0].more" },
        { "id twice", """{"agent":"assistant","items":[{"id":"a","input":"x"},{"id":"a","input":"y"}]}""", false, "items[1].id" },
        { "id of a path", """{"agent":"assistant","items":[{"id":"../a","input":"x"}]}""", false, "items[0].id" },
        { "no input", """{"agent":"assistant","items":[{"id":"a"}]}""", false, "items[0].input" },
        { "system message", """{"agent":"assistant","items":[{"id":"a","input":[{"role":"system","content":"x"}]}]}""", false, "items[0].input[0].role" },
        { "callback without a secret", """{"agent":"assistant","callback":{"url":"https://example.com/"},"items":[{"id":"a","input":"x"}]}""", false, "callback" },
        { "line that is no JSON", "{\"agent\":\"assistant\"}\n{\"id\":\"a\",\"input\":\"x\"}\nnonsense", true, "body" },
        { "line without a header", """{"id":"a","input":"x"}""", true, "id" },
        { "line that is no object", "{\"agent\":\"assistant\"}\n[1]", true, "items[0]" },
        { "nothing", "", true, "items" },
    };

    [Theory]
    [MemberData(nameof(BadBatches))]
    public async Task Upload_that_is_no_batch_is_400_and_leaves_nothing(string what, string body, bool lines, string field)
    {
        var user = $"jan{Guid.NewGuid():N}";

        using var response = await PostAsync(body, lines: lines, user: user);
        using var list = await GetAsync("/api/batches", user);

        var problem = await response.ReadAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{what}: {problem}");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), $"{what}: {problem}");
        Assert.Empty((await list.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Unknown_agent_is_404_and_too_much_is_413_or_400()
    {
        using var unknown = await PostAsync(Body("nobody", 1));
        using var many = await PostAsync(Body("assistant", 10_001));
        using var large = await PostAsync(new string(' ', 26 * 1024 * 1024) + Body("assistant", 1));
        using var query = await PostAsync(Body("assistant", 1), query: "?agent=assistant");
        using var other = await PostAsync(Body("assistant", 1), query: "?userId=bob");

        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, many.StatusCode);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "payload_too_large"), (large.StatusCode, (await large.ReadAsync()).Text("code")));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (query.StatusCode, other.StatusCode));
    }

    [Fact]
    public async Task Large_items_and_a_body_far_above_other_routes_limits_are_taken()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => ModelReply.Text($"{request.LastUserText!.Length}"));
        var items = Enumerable.Range(0, 40).Select(i => new { id = $"r{i}", input = new string((char)('a' + (i % 26)), 200_000) });

        using var accepted = await PostAsync(JsonSerializer.Serialize(new { agent, items }));
        await EndAsync(await IdAsync(accepted));

        Assert.All(await ResultsAsync(await IdAsync(accepted)), line => Assert.Equal("200000", line.Text("output")));
    }

    [Fact]
    public async Task Export_has_a_batch_and_deleting_the_users_data_leaves_none()
    {
        var user = $"karl{Guid.NewGuid():N}";
        using var accepted = await PostAsync(Body("assistant", 3), user: user);
        await EndAsync(await IdAsync(accepted), user);

        using var export = await GetAsync("/api/users/me/export", user);
        using var deleted = await SendAsync(HttpMethod.Delete, "/api/users/me/data", user);
        using var after = await GetAsync("/api/users/me/export", user);

        var lines = (await export.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line).Text("type")).ToList();
        Assert.Equal((1, 3, 3), (lines.Count(type => type == "batch"), lines.Count(type => type == "batch_item"), lines.Count(type => type == "run")));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal("""{"type":"end","items":0}""", (await after.Content.ReadAsStringAsync()).Trim());
    }

    [Fact]
    public async Task Ten_items_of_one_user_do_not_wait_for_another_users_thousand()
    {
        var (lea, max) = ($"lea{Guid.NewGuid():N}", $"max{Guid.NewGuid():N}");
        var asked = new ConcurrentQueue<string>();
        app.Model.RespondWith(request =>
        {
            asked.Enqueue(request.LastUserText);
            return ModelReply.Text("Done.");
        });
        foreach (var user in (string[])[lea, max])
        {
            using var put = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/asked", """{"model":"openai:scripted"}""", app.As(user));
            put.EnsureSuccessStatusCode();
        }

        using var many = await PostAsync(Body("asked", 1000, lea), user: lea);
        using var few = await PostAsync(Body("asked", 10, max), user: max);

        await EndAsync(await IdAsync(few), max);
        using var response = await GetAsync($"/api/batches/{await IdAsync(many)}", lea);
        var progress = await response.ReadAsync();
        using var cancelled = await SendAsync(HttpMethod.Post, $"/api/batches/{await IdAsync(many)}/cancel", lea);

        // Counted and not timed: between the first and the last of the ten, others had a few turns each.
        var users = asked.Select(text => text.Split(' ')[^1]).Where(user => user == lea || user == max).ToList();
        var between = users[users.IndexOf(max)..users.LastIndexOf(max)].Count(user => user == lea);
        Assert.Equal("running", progress.Text("status"));
        Assert.InRange(between, 0, 200);
    }

    [Fact]
    public async Task Item_that_calls_a_tool_has_its_effect_once()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => request.LastUserText == "Question 1" && request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = $"{app.Effects.Address}batch", body = "x" })))
            : ModelReply.Text("Fine."));

        using var accepted = await PostAsync(Body(agent, 12));
        var ended = await EndAsync(await IdAsync(accepted));

        Assert.Equal((12, 0, 0, 12, 0, 0), Counts(ended));
        Assert.Equal(1, app.Effects.Count("POST", "/batch"));
    }

    private static string Body(string agent, int count, string? from = null) => JsonSerializer.Serialize(
        new { agent, items = Enumerable.Range(0, count).Select(i => new { id = $"row-{i}", input = $"Question {i} {from}".Trim() }) });

    private async Task<HttpResponseMessage> PostAsync(
        string body, bool lines = false, string query = "", string? user = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/batches{query}");
        request.Content = new StringContent(body, Encoding.UTF8, lines ? "application/x-ndjson" : "application/json");
        foreach (var (name, value) in user is null ? headers : [.. headers, app.As(user)])
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await app.Http.SendAsync(request);
    }

    private Task<HttpResponseMessage> GetAsync(string path, string user) => SendAsync(HttpMethod.Get, path, user);

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? user = null) =>
        app.Http.SendJsonAsync(method, path, "", user is null ? [] : [app.As(user)]);

    private static async Task<string> IdAsync(HttpResponseMessage response) =>
        JsonSerializer.Deserialize<JsonElement>(await response.Content.ReadAsStringAsync()).Text("id");

    private Task<JsonElement> EndAsync(string id, string? user = null) =>
        Poll.UntilAsync(
            async () =>
            {
                using var response = await SendAsync(HttpMethod.Get, $"/api/batches/{id}", user);
                return await response.ReadAsync();
            },
            batch => batch.Text("status") is "completed" or "cancelled");

    private async Task<List<JsonElement>> ResultsAsync(string id, string? user = null)
    {
        using var response = await SendAsync(HttpMethod.Get, $"/api/batches/{id}/results", user);
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        return [.. (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }

    private static (int Total, int Queued, int Running, int Completed, int Failed, int Cancelled) Counts(JsonElement batch)
    {
        int Of(string name) => batch.GetProperty("counts").GetProperty(name).GetInt32();
        return (Of("total"), Of("queued"), Of("running"), Of("completed"), Of("failed"), Of("cancelled"));
    }
}
