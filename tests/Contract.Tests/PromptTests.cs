using System.Net;
using System.Text;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Prompts that come through the queue: each kind has one outcome, whatever is delivered how often.</summary>
[Collection(WorkHost.Name)]
public sealed class PromptTests(ContractFixture app)
{
    private readonly QueueClients _queues = new(app.Output);
    private readonly string _id = $"p-{Guid.NewGuid():N}";

    [Fact]
    public async Task Prompt_becomes_a_run_of_its_owner_and_the_result_says_where_and_nothing_of_the_answer()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Nobody but the owner reads this."));

        await _queues.SendAsync(Prompt(agent));
        var result = await _queues.ResultAsync(_id);
        using var response = await app.Http.GetAsync(new Uri(result.Text("outputUrl"), UriKind.Relative));
        var run = await response.ReadAsync();

        Assert.Equal((1, "completed"), (result.GetProperty("version").GetInt32(), result.Text("status")));
        Assert.Equal(1, result.GetProperty("usage").GetProperty("modelCalls").GetInt32());
        Assert.Equal((result.Text("runId"), "Nobody but the owner reads this."), (run.Text("id"), run.Text("output")));
        Assert.DoesNotContain("Nobody", result.GetRawText(), StringComparison.Ordinal);
        Assert.False(result.TryGetProperty("error", out _), "A run that completed has no error.");
    }

    [Fact]
    public async Task Same_id_twice_is_one_run_and_one_result()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Once."));
        var calls = app.Model.Requests.Count;

        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _queues.SendAsync(Prompt(agent, "Only once"))));
        await _queues.ResultAsync(_id);
        await _queues.SendAsync(Prompt(agent, "Only once"));
        await UntilEmptyAsync();

        Assert.Equal(1, app.Model.Requests.Skip(calls).Count(request => request.LastUserText == "Only once"));
        Assert.Equal(0, await _queues.CountResultsAsync(_id));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Byte_order_mark_of_a_message_is_read_past_whether_it_is_encoded_with_it_or_not(bool isBeforeBase64)
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        var json = JsonSerializer.Serialize(Prompt(agent));
        var queue = await _queues.OpenAsync("prompts", Azure.Storage.Queues.QueueMessageEncoding.None);

        await queue.SendMessageAsync(isBeforeBase64
            ? "\uFEFF" + Convert.ToBase64String(Encoding.UTF8.GetBytes(json))
            : Convert.ToBase64String([.. Encoding.UTF8.Preamble, .. Encoding.UTF8.GetBytes(json)]));

        Assert.Equal("completed", (await _queues.ResultAsync(_id)).Text("status"));
    }

    [Fact]
    public async Task Same_id_of_another_owner_is_another_run()
    {
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));

        await _queues.SendAsync(Prompt("assistant", user: $"erin{Guid.NewGuid():N}"));
        await _queues.SendAsync(Prompt("assistant", user: $"frank{Guid.NewGuid():N}"));
        var (first, second) = (await _queues.ResultAsync(_id), await _queues.ResultAsync(_id));

        Assert.NotEqual(first.Text("runId"), second.Text("runId"));
    }

    [Fact]
    public async Task Prompts_of_one_conversation_take_their_turns()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(request => ModelReply.Text($"{request.Messages.Count}"));
        var conversation = $"c-{Guid.NewGuid():N}";

        for (var turn = 0; turn < 3; turn++)
        {
            await _queues.SendAsync(Prompt(agent, $"Turn {turn}", id: $"{_id}-{turn}", conversationId: conversation));
        }

        for (var turn = 0; turn < 3; turn++)
        {
            Assert.Equal("completed", (await _queues.ResultAsync($"{_id}-{turn}")).Text("status"));
        }

        using var messages = await app.Http.GetAsync(new Uri($"/api/conversations/{conversation}/messages", UriKind.Relative));
        Assert.Equal(6, (await messages.ReadAsync()).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Forty_prompts_into_one_conversation_at_once_all_become_runs_and_lose_no_attempt()
    {
        const int Many = 40;
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var conversation = $"c-{Guid.NewGuid():N}";
        var queue = await _queues.OpenAsync("prompts");

        var sent = await Task.WhenAll(Enumerable.Range(0, Many).Select(
            number => queue.SendMessageAsync(JsonSerializer.Serialize(Prompt(agent, $"Turn {number}", id: $"{_id}-{number}", conversationId: conversation)))));
        var results = await _queues.ResultsAsync(_id, Many);

        Assert.Equal(Many, results.Select(result => result.Text("id")).Distinct().Count());
        Assert.All(results, result => Assert.Equal("completed", result.Text("status")));
        Assert.All(sent, message => Assert.DoesNotContain($"{message.Value.MessageId}, attempt", app.Output, StringComparison.Ordinal));
        using var runs = await app.Http.GetAsync(new Uri($"/api/runs?conversationId={conversation}&limit=100&fields=startedAt", UriKind.Relative));
        var begun = (await runs.ReadAsync()).GetProperty("items").EnumerateArray().Select(run => run.GetProperty("startedAt").GetDateTimeOffset()).ToList();
        Assert.Equal(Many, begun.Count);
        Assert.Equal(begun.OrderDescending(), begun);
    }

    [Fact]
    public async Task Run_that_fails_is_a_result_with_its_error()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Status(400));

        await _queues.SendAsync(Prompt(agent));
        var result = await _queues.ResultAsync(_id);

        Assert.Equal("failed", result.Text("status"));
        Assert.Equal("provider_rejected", result.GetProperty("error").Text("code"));
    }

    [Fact]
    public async Task Error_that_quotes_what_was_said_is_told_by_its_code_alone()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", responseSchema = new { type = "object", additionalProperties = false } });
        app.Model.RespondWith(_ => ModelReply.Text("""{"total":"a secret answer"}"""));

        await _queues.SendAsync(Prompt(agent));
        var result = await _queues.ResultAsync(_id);

        Assert.Equal(("failed", "invalid_output"), (result.Text("status"), result.GetProperty("error").Text("code")));
        Assert.DoesNotContain("secret", result.GetRawText(), StringComparison.Ordinal);
    }

    /// <summary>What is wrong, and the code under which it is recorded; <c>{id}</c> is the prompt's.</summary>
    public static TheoryData<string, string, string> BadPrompts => new()
    {
        { "unknown version", """{"version":2,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"assistant","input":"x","more":1}""", "unknown_version" },
        { "no version", """{"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"assistant","input":"x"}""", "unknown_version" },
        { "version as text", """{"version":"1","id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"assistant","input":"x"}""", "unknown_version" },
        { "no input", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"assistant"}""", "malformed" },
        { "field too many", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"assistant","input":"x","secret":1}""", "malformed" },
        { "field twice", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"a","agent":"b","input":"x"}""", "malformed" },
        { "system message", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"assistant","input":[{"role":"system","content":"x"}]}""", "malformed" },
        { "no user", """{"version":1,"id":"{id}","owner":{"tenant":"dev"},"agent":"assistant","input":"x"}""", "malformed" },
        { "user with a control character", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"al\u0001ice"},"agent":"assistant","input":"x"}""", "malformed" },
        { "user with a line break", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"a\nb"},"agent":"assistant","input":"x"}""", "malformed" },
        { "unknown agent", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"nobody","input":"x"}""", "unknown_agent" },
        { "agent id with a filter", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"x' or PartitionKey ne '","input":"x"}""", "unknown_agent" },
        { "oversized", """{"version":1,"id":"{id}","owner":{"tenant":"dev","user":"alice"},"agent":"assistant","input":"{fill}"}""", "payload_too_large" },
        { "no JSON", "version=1&id={id}", "malformed" },
        { "no object", """["{id}"]""", "malformed" },
        { "deep", """{"version":1,"id":"{id}","input":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}""", "malformed" },
    };

    [Theory]
    [MemberData(nameof(BadPrompts))]
    public async Task Prompt_that_cannot_become_a_run_is_recorded_for_operators(string what, string body, string code)
    {
        var before = await RecordedAsync();
        var calls = app.Model.Requests.Count;

        await _queues.SendAsync(body.Replace("{id}", _id, StringComparison.Ordinal).Replace("{fill}", new string('x', 48_500), StringComparison.Ordinal));
        var record = await RecordedSinceAsync(before);

        Assert.True(code == record.GetProperty("error").Text("code"), $"{what}: {record}");
        Assert.Equal(1, record.GetProperty("attempts").GetInt32());
        Assert.Equal(calls, app.Model.Requests.Count);
        if (record.TryGetProperty("promptId", out var id))
        {
            var result = await _queues.ResultAsync(id.GetString()!);
            Assert.Equal(("rejected", code), (result.Text("status"), result.GetProperty("error").Text("code")));
            Assert.False(result.TryGetProperty("runId", out _));
        }
    }

    [Fact]
    public async Task Message_that_is_no_Base64_is_recorded()
    {
        var before = await RecordedAsync();
        var queue = await _queues.OpenAsync("prompts", Azure.Storage.Queues.QueueMessageEncoding.None);

        await queue.SendMessageAsync("{not base64}");
        var record = await RecordedSinceAsync(before);

        Assert.Equal("malformed", record.GetProperty("error").Text("code"));
        Assert.False(record.TryGetProperty("owner", out _));
    }

    [Fact]
    public async Task Message_that_is_sent_as_it_is_is_read_all_the_same()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        var queue = await _queues.OpenAsync("prompts", Azure.Storage.Queues.QueueMessageEncoding.None);

        await queue.SendMessageAsync(JsonSerializer.Serialize(Prompt(agent)));

        Assert.Equal("completed", (await _queues.ResultAsync(_id)).Text("status"));
    }

    [Fact]
    public async Task Other_body_under_the_same_id_is_recorded_and_the_first_run_stays()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("The first."));
        await _queues.SendAsync(Prompt(agent, "One"));
        var first = await _queues.ResultAsync(_id);

        await _queues.SendAsync(Prompt(agent, "Another"));
        var second = await _queues.ResultAsync(_id);

        Assert.Equal("completed", first.Text("status"));
        Assert.Equal(("rejected", "idempotency_mismatch"), (second.Text("status"), second.GetProperty("error").Text("code")));
    }

    [Fact]
    public async Task Replay_of_a_disabled_users_prompt_makes_its_run_once_the_user_is_enabled()
    {
        var user = $"gina{Guid.NewGuid():N}";
        app.Model.RespondWith(_ => ModelReply.Text("Hello."));
        using var disabled = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/users/{user}/disabled", "", Operator);
        await _queues.SendAsync(Prompt("assistant", user: user));
        Assert.Equal("rejected", (await _queues.ResultAsync(_id)).Text("status"));
        var record = (await ListAsync()).First(item => item.TryGetProperty("promptId", out var id) && id.GetString() == _id);
        using var enabled = await app.Http.SendJsonAsync(HttpMethod.Delete, $"/api/users/{user}/disabled", "", Operator);

        using var replayed = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/poison/{record.Text("id")}/replay", "", Operator);
        var result = await _queues.ResultAsync(_id);
        using var again = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/poison/{record.Text("id")}/replay", "", Operator);
        await UntilEmptyAsync();

        Assert.Equal(("user_disabled", user), (record.GetProperty("error").Text("code"), record.GetProperty("owner").Text("user")));
        Assert.Equal((HttpStatusCode.Accepted, "root"), (replayed.StatusCode, (await replayed.ReadAsync()).Text("replayedBy")));
        Assert.Equal("completed", result.Text("status"));
        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        using var runs = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", app.As(user));
        Assert.Single((await runs.ReadAsync()).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Records_are_for_operators_and_never_show_what_a_prompt_said()
    {
        var before = await RecordedAsync();
        await _queues.SendAsync(Prompt("nobody", "The launch code is 0000"));
        var record = await RecordedSinceAsync(before);

        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/poison", "");
        using var replay = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/poison/{record.Text("id")}/replay", "");
        using var unknown = await app.Http.SendJsonAsync(HttpMethod.Post, "/api/poison/psn_0_0/replay", "", Operator);
        using var cursor = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/poison?after=bm90LW9uZQ", "", Operator);

        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (list.StatusCode, replay.StatusCode));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.BadRequest), (unknown.StatusCode, cursor.StatusCode));
        Assert.DoesNotContain("launch code", record.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("launch code", app.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Records_are_listed_newest_first_page_by_page()
    {
        for (var i = 0; i < 3; i++)
        {
            var before = await RecordedAsync();
            await _queues.SendAsync(Prompt("nobody", id: $"{_id}-{i}"));
            await RecordedSinceAsync(before);
        }

        List<JsonElement> records = [];
        string? after = null;
        do
        {
            using var page = await app.Http.SendJsonAsync(HttpMethod.Get, $"/api/poison?limit=2{(after is null ? "" : $"&after={after}")}", "", Operator);
            var document = await page.ReadAsync();
            records.AddRange(document.GetProperty("items").EnumerateArray());
            after = document.GetProperty("next").GetString();
        }
        while (after is not null);

        var times = records.Select(record => record.GetProperty("enqueuedAt").GetDateTimeOffset()).ToList();
        Assert.Equal(times.OrderDescending(), times);
        Assert.Equal(records.Count, records.DistinctBy(record => record.Text("id")).Count());
        Assert.Equal(3, records.Count(record => record.TryGetProperty("promptId", out var id) && id.GetString()!.StartsWith(_id, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Deleting_a_users_data_removes_the_records_and_the_export_has_them_before()
    {
        var user = $"hans{Guid.NewGuid():N}";
        await _queues.SendAsync(Prompt("nobody", "Something private", user: user));
        await _queues.ResultAsync(_id);

        using var export = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/users/me/export", "", app.As(user));
        using var deleted = await app.Http.SendJsonAsync(HttpMethod.Delete, "/api/users/me/data", "", app.As(user));

        Assert.Contains("Something private", await export.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.DoesNotContain(await ListAsync(), item => item.TryGetProperty("promptId", out var id) && id.GetString() == _id);
    }

    private (string Name, string Value) Operator => app.As("root", "admin");

    private object Prompt(string agent, string input = "Hello", string user = "alice", string? id = null, string? conversationId = null) =>
        new { version = 1, id = id ?? _id, owner = new { tenant = "dev", user }, agent, input, conversationId };

    private async Task<List<JsonElement>> ListAsync()
    {
        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/poison?limit=100", "", Operator);
        return [.. (await list.ReadAsync()).GetProperty("items").EnumerateArray()];
    }

    private async Task<HashSet<string>> RecordedAsync() => [.. (await ListAsync()).Select(item => item.Text("id"))];

    /// <summary>Queues tell times to the second, so the newest record need not be the first.</summary>
    private async Task<JsonElement> RecordedSinceAsync(HashSet<string> before) => Assert.Single(await Poll.UntilAsync(
        async () => (await ListAsync()).Where(item => !before.Contains(item.Text("id"))).ToList(),
        added => added.Count > 0));

    private async Task UntilEmptyAsync()
    {
        var queue = await _queues.OpenAsync("prompts");
        await Poll.UntilAsync(async () => (await queue.GetPropertiesAsync()).Value.ApproximateMessagesCount == 0);
    }
}
