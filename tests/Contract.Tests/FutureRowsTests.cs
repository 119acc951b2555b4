using System.Net;
using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>
/// Rows as a newer version of the app may write them, met by this one during an update or after a way back: kinds and values it does not
/// know are left alone, and hide nothing else.
/// </summary>
public sealed class FutureRowsTests : IAsyncLifetime
{
    private const string Owner = "dev!alice";
    private const string Operators = "!!operator";

    private KillableHost _app = null!;
    private TableServiceClient _tables = null!;

    public async Task InitializeAsync()
    {
        _app = await KillableHost.StartAsync(_ => { });
        _tables = new TableServiceClient(_app.StorageConnection);
    }

    public async Task DisposeAsync() => await _app.DisposeAsync();

    [Fact]
    public async Task Every_route_answers_and_every_timer_goes_on_beside_rows_of_a_newer_version()
    {
        var (run, asleep, batch) = await WriteKnownRowsAsync();
        await WriteFutureRowsAsync(run, asleep, batch);

        foreach (var path in (string[])
        [
            "/api/agents", "/api/agents/mine", "/api/agents/future", "/api/runs", $"/api/runs/{run}", $"/api/runs/{run}/steps", $"/api/runs/{asleep}",
            $"/api/runs/{run}/events", $"/api/runs?parent={run}", "/api/runs?conversationId=talk", "/api/approvals", "/api/tools", "/api/users/alice/limits", "/api/conversations", "/api/conversations/talk", "/api/conversations/talk/messages",
            "/api/batches", $"/api/batches/{batch}", $"/api/batches/{batch}/results", "/api/schedules", "/api/schedules/future", "/api/schedules/daily",
            "/api/usage", "/api/callback-secret", "/api/poison", "/api/errors", "/api/health/history", "/api/users/alice/export", "/health", "/ready",
        ])
        {
            using var answer = await _app.Http.SendJsonAsync(HttpMethod.Get, path, "", ("Authorization", "Bearer dev:alice:admin"));
            Assert.True(
                answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NotFound or HttpStatusCode.Conflict,
                $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}\n{_app.Output}");
        }

        await AssertListsShowWhatTheyCanAsync(run, asleep, batch);
        await AssertLeftAloneAsync(asleep, batch);

        // A due schedule of this version's own is started although one that is unknown here is due before it.
        await Poll.UntilAsync(async () => (await ListAsync("/api/runs"))
            .Any(item => item.GetProperty("metadata").TryGetProperty("schedule", out var by) && by.GetString() == "daily"));

        Assert.Equal(2, _app.Output.Split("calendar of a schedule dev!alice/future").Length);
        await AssertLeftAloneAsync(asleep, batch);
    }

    /// <summary>What the app itself writes today.</summary>
    private async Task<(string Run, string Asleep, string Batch)> WriteKnownRowsAsync()
    {
        using var agent = await SendAsync(HttpMethod.Put, "/api/agents/mine", """{"model":"openai:scripted"}""");
        Assert.True(agent.IsSuccessStatusCode);
        _app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        using var first = await _app.Http.PostRunAsync("mine", new { input = "Hello", conversationId = "talk" }, ("Prefer", "wait=60"));
        using var second = await _app.Http.PostRunAsync("mine", new { input = "Sleep" }, ("Prefer", "wait=60"));
        using var third = await SendAsync(HttpMethod.Post, "/api/batches", """{"agent":"mine","items":[{"id":"a","input":"Hello"}]}""");
        using var secret = await SendAsync(HttpMethod.Put, "/api/callback-secret", "{}");
        var batch = (await third.ReadAsync()).Text("id");
        await _app.Http.UntilAsync($"/api/batches/{batch}", read => read.Text("status") == "completed");
        return ((await first.ReadAsync()).Text("id"), (await second.ReadAsync()).Text("id"), batch);
    }

    private async Task WriteFutureRowsAsync(string run, string asleep, string batch)
    {
        var now = DateTimeOffset.UtcNow;
        var work = _tables.GetTableClient("Work");
        await MergeAsync(work, Owner, $"run!{run}", ("Notices", "pigeon:roof\nfuture"), ("CallbackStatus", "Postponed"), ("StopReason", "Enlightened"));
        await MergeAsync(work, Owner, $"run!{asleep}", ("Status", "Hibernating"));
        await MergeAsync(work, Owner, $"batch!{batch}", ("Status", "Draining"), ("CallbackStatus", "Postponed"));
        await AddAsync(work, Owner, $"run!{run}!0000000900", ("Kind", "Thought"), ("Turn", 1));
        await AddAsync(work, Owner, $"run!{run}!z!future", ("Kind", "Thought"));
        await AddAsync(work, Owner, "log!talk!0000000000!v", ("Version", 9));
        await AddAsync(work, Owner, "agent!future", ("Version", 1), ("Definition", new byte[] { 9, 9, 9 }));
        await AddAsync(work, Owner, "zebra!1", ("Stripes", 7));
        await AddAsync(work, Owner, "approval!future", ("Stripes", 7));
        await AddAsync(work, Owner, "poison!future", ("Stripes", 7));
        await AddAsync(work, Operators, "poison!0000000000000000001!aa", ("Code", "too_clever"));
        await AddAsync(work, Owner, "usage!20200101", ("Day", "20200101"), ("Moons", 7L));
        await WriteScheduleAsync(work, "daily", "* * * * *", "UTC", now.AddMinutes(-2));
        await WriteScheduleAsync(work, "future", "at full moon", "Moon/Tranquillity", now.AddMinutes(-3));
        await AddAsync(_tables.GetTableClient("Due"), "2020-01-01", $"{Owner}!Comet!x", ("Kind", "Comet"), ("Owner", Owner), ("About", "x"));
        await AddAsync(_tables.GetTableClient("Due"), "2020-13-41", "x", ("Kind", "Expiry"));
        await AddAsync(_tables.GetTableClient("Due"), "at!2020-01-01T00:00", "future", ("Moon", true));
        var items = _tables.GetTableClient("BatchItems");
        var item = await items.QueryAsync<TableEntity>(row => row.RowKey == "item!000000").FirstAsync();
        await MergeAsync(items, item.PartitionKey, item.RowKey, ("State", "Parked"), ("Status", "Hibernating"));
        await AddAsync(_tables.GetTableClient("Users"), "dev", "future", ("Limits", "[1]"), ("Disabled", false));
        await AddAsync(_tables.GetTableClient("Users"), "dev", "alice", ("Limits", "[1]"));
        foreach (var (table, partition) in new[] { ("Providers", "provider"), ("Errors", "error"), ("Cache", "future"), ("Health", now.ToString("yyyyMMdd", System.Globalization.CultureInfo.InvariantCulture)) })
        {
            await _tables.CreateTableIfNotExistsAsync(table);
            await AddAsync(_tables.GetTableClient(table), partition, "0000", ("State", "Melting"), ("Checks", """[{"name":"x","status":"ecstatic"}]"""), ("Count", 1L));
        }
    }

    private async Task AssertListsShowWhatTheyCanAsync(string run, string asleep, string batch)
    {
        Assert.Equal(new HashSet<string> { run, asleep }, (await ListAsync("/api/runs")).Select(item => item.Text("id")).Where(id => id == run || id == asleep).ToHashSet());
        Assert.Contains(await ListAsync("/api/agents"), item => item.Text("id") == "mine");
        Assert.Contains(await ListAsync("/api/agents"), item => item.Text("id") == "future");
        Assert.Contains(await ListAsync("/api/batches"), item => item.Text("id") == batch);
        Assert.Equal(["daily", "future"], (await ListAsync("/api/schedules")).Select(item => item.Text("id")));
        Assert.Equal(["Hello", "Hello."], (await ListAsync("/api/conversations/talk/messages")).Select(item => item.Text("content")));
        Assert.Equal(["input", "model"], (await ListAsync($"/api/runs/{run}/steps")).Select(item => item.Text("kind")));
    }

    /// <summary>What would change a row in a state that is unknown here is a conflict, and the row says what it said.</summary>
    private async Task AssertLeftAloneAsync(string asleep, string batch)
    {
        foreach (var path in (string[])[$"/api/runs/{asleep}/suspend", $"/api/batches/{batch}/cancel", $"/api/batches/{batch}/retry"])
        {
            using var answer = await SendAsync(HttpMethod.Post, path, "");
            Assert.True(answer.StatusCode == HttpStatusCode.Conflict, $"{path}: {answer.StatusCode}");
        }

        using var unreadable = await _app.Http.PostRunAsync("future", new { input = "Hello" });
        Assert.Equal((HttpStatusCode.Conflict, "content_unreadable"), (unreadable.StatusCode, (await unreadable.ReadAsync()).Text("code")));
        var work = _tables.GetTableClient("Work");
        Assert.Equal("Hibernating", (await work.GetEntityAsync<TableEntity>(Owner, $"run!{asleep}")).Value.GetString("Status"));
        Assert.Equal("Draining", (await work.GetEntityAsync<TableEntity>(Owner, $"batch!{batch}")).Value.GetString("Status"));
        Assert.True((await _tables.GetTableClient("Due").GetEntityIfExistsAsync<TableEntity>("2020-01-01", $"{Owner}!Comet!x")).HasValue);
        Assert.True((await work.GetEntityIfExistsAsync<TableEntity>(Owner, "zebra!1")).HasValue);
    }

    /// <summary>A schedule that this version put, whose calendar is then another: only so is its input readable.</summary>
    private async Task WriteScheduleAsync(TableClient work, string id, string cron, string timeZone, DateTimeOffset dueAt)
    {
        using var put = await SendAsync(
            HttpMethod.Put, $"/api/schedules/{id}", """{"agent":"mine","input":"Hello","cron":"0 8 1 1 *","timeZone":"UTC"}""");
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        await MergeAsync(work, Owner, $"schedule!{id}", ("Cron", cron), ("TimeZone", timeZone), ("NextRunAt", dueAt));
        await AddAsync(
            _tables.GetTableClient("Due"), $"at!{dueAt.UtcDateTime:yyyy-MM-dd'T'HH:mm}", $"{Owner}!{id}", ("Owner", Owner), ("Schedule", id));
    }

    private async Task<IReadOnlyList<JsonElement>> ListAsync(string path)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, "");
        return [.. (await answer.ReadAsync()).GetProperty("items").EnumerateArray()];
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string body) => _app.Http.SendJsonAsync(method, path, body);

    private static async Task AddAsync(TableClient table, string partition, string row, params (string Name, object? Value)[] columns)
    {
        await table.CreateIfNotExistsAsync();
        await table.UpsertEntityAsync(Entity(partition, row, columns), TableUpdateMode.Merge);
    }

    private static async Task MergeAsync(TableClient table, string partition, string row, params (string Name, object? Value)[] columns)
    {
        TableEntity found = await table.GetEntityAsync<TableEntity>(partition, row);
        foreach (var (name, value) in columns)
        {
            found[name] = value;
        }

        // Replaced: a merge would leave what is to be absent.
        await table.UpdateEntityAsync(found, found.ETag, TableUpdateMode.Replace);
    }

    private static TableEntity Entity(string partition, string row, (string Name, object? Value)[] columns)
    {
        var entity = new TableEntity(partition, row);
        foreach (var (name, value) in columns)
        {
            entity[name] = value;
        }

        return entity;
    }
}
