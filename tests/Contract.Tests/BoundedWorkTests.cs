using System.Net;
using System.Text.Json;

namespace Yggdrasil.Contract.Tests;

/// <summary>One request costs little, whatever is in it.</summary>
[Collection(SharedLocalHost.Name)]
public class BoundedWorkTests(ContractFixture app)
{
    private const string Agents = "/api/agents/hostile";
    private const string Runs = "/api/agents/assistant/runs";

    /// <summary>Many times what a bounded request takes of the host's processors, and a part of what an unbounded one does.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    public static TheoryData<string, string, string> Hostile => new()
    {
        { "40,000 tools", Agents, List("tools", 40_000) },
        { "40,000 tools and approvals", Agents, $$"""{"model":"demo:x","tools":{{Names(20_000)}},"approvals":{{Names(20_000)}}}""" },
        { "40,000 approvals", Agents, List("approvals", 40_000) },
        { "40,000 approvers", Agents, List("approvers", 40_000) },
        { "40,000 fallbacks", Agents, List("fallbacks", 40_000) },
        { "an approver of 5,000 characters", Agents, $$"""{"model":"demo:x","approvers":["user:{{new string('u', 5000)}}"]}""" },
        { "a role of 5,000 characters", Agents, $$"""{"model":"demo:x","approvers":["role:{{new string('u', 5000)}}"]}""" },
        { "a tool of 1 MB", Agents, $$"""{"model":"demo:x","tools":["{{new string('t', 1_000_000)}}"]}""" },
        { "60,000 unknown fields", Runs, "{" + string.Join(',', Enumerable.Range(0, 60_000).Select(i => $"\"field{i}\":1")) + "}" },
        { "4,000 unknown fields whose names begin alike", Runs, "{" + string.Join(',', Enumerable.Range(0, 4_000).Select(i => $"\"{new string('n', 200)}{i}\":1")) + "}" },
        { "60,000 pairs of metadata", Runs, """{"input":"x","metadata":{""" + string.Join(',', Enumerable.Range(0, 60_000).Select(i => $"\"k{i}\":1")) + "}}" },
        { "100,000 messages", Runs, """{"input":[""" + string.Join(',', Enumerable.Repeat("{}", 100_000)) + "]}" },
        { "a long name around 50,000 duplicates", Runs, "{\"" + new string('n', 400_000) + "\":{" + string.Concat(Enumerable.Repeat("\"a\":1,", 50_000)) + "\"a\":1}}" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Hostile_body_is_refused_soon_and_with_a_small_answer(string what, string path, string body)
    {
        var before = app.ProcessorTime;

        using var response = await app.Http.SendJsonAsync(path == Agents ? HttpMethod.Put : HttpMethod.Post, path, body);

        var answer = await response.Content.ReadAsByteArrayAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{what}: {(int)response.StatusCode}");
        Assert.InRange(answer.Length, 1, 128 * 1024);
        Assert.InRange(app.ProcessorTime - before, TimeSpan.Zero, Bound);
    }

    public static TheoryData<string, string> Schemas => new()
    {
        { "2,000 references to one part", Many("""{"definitions":{"d":{"type":"string"}},"properties":{@}}""", 2_000, i => $"\"p{i}\":{{\"$ref\":\"#/definitions/d\"}}") },
        { "a chain of 1,000 references", Many("""{"definitions":{@,"d1000":{}},"allOf":[{"$ref":"#/definitions/d0"}]}""", 1_000, i => $"\"d{i}\":{{\"$ref\":\"#/definitions/d{i + 1}\"}}") },
        { "1,000 parts that refer to each other", Many("""{"definitions":{@},"type":"object"}""", 1_000, i => $"\"d{i}\":{{\"anyOf\":[{{\"$ref\":\"#/definitions/d{i * 7 % 1_000}\"}}]}}") },
        { "5,000 required names", Many("""{"type":"object","required":[@]}""", 5_000, i => $"\"n{i}\"") },
        { "5,000 choices", Many("""{"enum":[@]}""", 5_000, i => $"\"n{i}\"") },
        { "3,000 alternatives", Many("""{"anyOf":[@]}""", 3_000, i => $"{{\"minLength\":{i}}}") },
    };

    [Theory]
    [MemberData(nameof(Schemas))]
    public async Task Schema_of_many_parts_is_answered_soon(string what, string schema)
    {
        var before = app.ProcessorTime;

        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, Agents, $$"""{"model":"demo:x","responseSchema":{{schema}}}""");

        Assert.True(response.StatusCode is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.BadRequest, $"{what}: {(int)response.StatusCode}");
        Assert.InRange(app.ProcessorTime - before, TimeSpan.Zero, Bound);
    }

    private static string Many(string schema, int count, Func<int, string> part) =>
        schema.Replace("@", string.Join(',', Enumerable.Range(0, count).Select(part)), StringComparison.Ordinal);

    [Fact]
    public async Task Writes_count_against_the_rate_and_say_when_to_come_back()
    {
        var user = $"u{Guid.NewGuid():N}";
        using var limited = await app.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/users/{user}/limits", """{"requestsPerMinute":2}""", app.As("root", "admin"));
        var agent = """{"model":"demo:x"}""";
        var schedule = JsonSerializer.Serialize(new { agent = "assistant", input = "x", cron = "0 8 1 1 *", timeZone = "UTC" });
        using var first = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", agent, app.As(user));
        using var second = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", agent, app.As(user));

        HttpResponseMessage[] refused =
        [
            await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", agent, app.As(user)),
            await app.Http.SendJsonAsync(HttpMethod.Delete, "/api/agents/a1", "", app.As(user)),
            await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1/shares/bob", "", app.As(user)),
            await app.Http.SendJsonAsync(HttpMethod.Put, "/api/schedules/s1", schedule, app.As(user)),
            await app.Http.SendJsonAsync(HttpMethod.Delete, "/api/schedules/s1", "", app.As(user)),
            await app.Http.SendJsonAsync(HttpMethod.Post, "/api/batches", """{"agent":"assistant","items":[{"id":"r1","input":"x"}]}""", app.As(user)),
            await app.Http.SendJsonAsync(HttpMethod.Put, "/api/callback-secret", "", app.As(user)),
            await app.Http.PostRunAsync("assistant", new { input = "x" }, app.As(user)),
        ];
        using var read = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/agents/a1", "", app.As(user));

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));
        foreach (var response in refused)
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
            Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
            Assert.Equal("rate_limited", (await response.ReadAsync()).Text("code"));
            response.Dispose();
        }

        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
    }

    [Fact]
    public async Task Every_route_that_changes_something_counts_and_reading_does_not()
    {
        var user = app.As($"u{Guid.NewGuid():N}", "admin");
        using var limited = await app.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/users/{user.Value.Split(':')[1]}/limits", """{"requestsPerMinute":1}""", app.As("root", "admin"));
        using var first = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", """{"model":"demo:x"}""", user);
        Assert.Equal(HttpStatusCode.Created, first.StatusCode);

        // Starts of runs count with the run, once it is valid; a ticket for events is stored nowhere; of MCP, methods that write count.
        string[] others = ["StartRun", "ForkRun", "InvokeAgent", "CreateEventTicket", "CreateChatCompletion", "CreateResponse", "CallMcp", "SendChat", "RunAgUi"];
        foreach (var (name, verb, path) in HttpFunctions.All.Where(function => !others.Contains(function.Name)))
        {
            using var response = await app.Http.SendJsonAsync(new HttpMethod(verb), path, verb == "GET" ? "" : "{}", user);
            Assert.True(verb is "GET" or "OPTIONS" == (response.StatusCode != HttpStatusCode.TooManyRequests), $"{name}: {response.StatusCode}");
        }
    }

    private static string List(string field, int count) => $$"""{"model":"demo:x","{{field}}":{{Names(count)}}}""";

    private static string Names(int count) => $"[{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"tool{i}\""))}]";
}
