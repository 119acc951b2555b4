using System.Net;
using System.Text.Json;

namespace Yggdrasil.Contract.Tests;

[Collection(SharedLocalHost.Name)]
public sealed class BadInputTests(ContractFixture app)
{
    private const string Runs = "/api/agents/assistant/runs";
    private const string Invoke = "/api/agents/assistant/invoke";
    private const string Agents = "/api/agents/bad-input";

    private const string Schedules = "/api/schedules/bad-input";

    public static TheoryData<string, string, string, string> InvalidBodies => new()
    {
        // situation, path, body, field that the answer names
        { "no body", Runs, "", "body" },
        { "no JSON", Runs, "hello", "body" },
        { "a list", Runs, "[]", "body" },
        { "null", Runs, "null", "body" },
        { "10,000 levels", Runs, new string('[', 10_000) + new string(']', 10_000), "body" },
        { "10,000 levels of input", Runs, """{"input":""" + new string('[', 10_000) + new string(']', 10_000) + "}", "body" },
        { "no input", Runs, "{}", "input" },
        { "null input", Runs, """{"input":null}""", "input" },
        { "empty input", Runs, """{"input":"  "}""", "input" },
        { "input of a wrong type", Runs, """{"input":5}""", "input" },
        { "input that is no Unicode", Runs, """{"input":"\ud800"}""", "input" },
        { "field name that is no Unicode", Runs, """{"\ud800":1}""", "body" },
        { "input over 256 KiB", Runs, $$"""{"input":"{{new string('x', 257 * 1024)}}"}""", "input" },
        { "empty list of messages", Runs, """{"input":[]}""", "input" },
        { "message that is no object", Runs, """{"input":["hi"]}""", "input[0]" },
        { "system message", Runs, """{"input":[{"role":"system","content":"x"},{"role":"user","content":"x"}]}""", "input[0].role" },
        { "tool message", Runs, """{"input":[{"role":"tool","content":"x"},{"role":"user","content":"x"}]}""", "input[0].role" },
        { "message without content", Runs, """{"input":[{"role":"user"}]}""", "input[0].content" },
        { "message with an unknown field", Runs, """{"input":[{"role":"user","content":"x","name":"y"}]}""", "input[0].name" },
        { "last message of the assistant", Runs, """{"input":[{"role":"assistant","content":"x"}]}""", "input" },
        { "unknown field", Runs, """{"input":"x","modle":"y"}""", "modle" },
        { "duplicate field", Runs, """{"input":"x","input":"y"}""", "input" },
        { "duplicate nested field", Runs, """{"input":"x","metadata":{"a":"1","a":"2"}}""", "metadata.a" },
        { "maxTurns of a wrong type", Runs, """{"input":"x","maxTurns":"5"}""", "maxTurns" },
        { "fractional maxTurns", Runs, """{"input":"x","maxTurns":1.5}""", "maxTurns" },
        { "huge maxTurns", Runs, """{"input":"x","maxTurns":1e99}""", "maxTurns" },
        { "stream of a wrong type", Runs, """{"input":"x","stream":"true"}""", "stream" },
        { "no maxTurns at all", Runs, """{"input":"x","maxTurns":0}""", "maxTurns" },
        { "maxTurns over the agent's", Runs, """{"input":"x","maxTurns":21}""", "maxTurns" },
        { "negative deadline", Runs, """{"input":"x","deadlineSeconds":-1}""", "deadlineSeconds" },
        { "metadata of a wrong type", Runs, """{"input":"x","metadata":[]}""", "metadata" },
        { "metadata value of a wrong type", Runs, """{"input":"x","metadata":{"a":1}}""", "metadata.a" },
        { "metadata value too long", Runs, "{\"input\":\"x\",\"metadata\":{\"a\":\"" + new string('x', 513) + "\"}}", "metadata.a" },
        { "17 metadata pairs", Runs, "{\"input\":\"x\",\"metadata\":{" + string.Join(',', Enumerable.Range(0, 17).Select(i => $"\"{i}\":\"\"")) + "}}", "metadata" },
        { "no body of an inline run", Invoke, "", "body" },
        { "no input of an inline run", Invoke, "{}", "input" },
        { "system message of an inline run", Invoke, """{"input":[{"role":"system","content":"x"},{"role":"user","content":"x"}]}""", "input[0].role" },
        { "input of an inline run over 256 KiB", Invoke, $$"""{"input":[{"role":"user","content":"{{new string('x', 257 * 1024)}}"}]}""", "input" },
        { "inline run in a conversation", Invoke, """{"input":"x","conversationId":"c-1"}""", "conversationId" },
        { "inline run that may conflict", Invoke, """{"input":"x","onConflict":"enqueue"}""", "onConflict" },
        { "inline run with a callback", Invoke, """{"input":"x","callback":{"url":"https://example.com/"}}""", "callback" },
        { "unknown field of an inline run", Invoke, """{"input":"x","modle":"y"}""", "modle" },
        { "deadline over an inline run's", Invoke, """{"input":"x","deadlineSeconds":201}""", "deadlineSeconds" },
        { "maxTurns of an inline run over the agent's", Invoke, """{"input":"x","maxTurns":21}""", "maxTurns" },
        { "callback of a wrong type", Runs, """{"input":"x","callback":"https://example.com/"}""", "callback" },
        { "callback without an address", Runs, """{"input":"x","callback":{}}""", "callback.url" },
        { "callback to an internal address", Runs, """{"input":"x","callback":{"url":"https://169.254.169.254/"}}""", "callback.url" },
        { "callback with an unknown field", Runs, """{"input":"x","callback":{"url":"https://example.com/","secret":"x"}}""", "callback.secret" },
        { "schedule without anything", Schedules, "{}", "cron" },
        { "schedule of an agent that is not there", Schedules, Schedule("agent", "nobody"), "agent" },
        { "schedule without input", Schedules, Schedule("input", ""), "input" },
        { "schedule of no cron expression", Schedules, Schedule("cron", "at noon"), "cron" },
        { "schedule by the second", Schedules, Schedule("cron", "* * * * * *"), "cron" },
        { "schedule for a day that never comes", Schedules, Schedule("cron", "0 0 31 2 *"), "cron" },
        { "schedule of no time zone", Schedules, Schedule("timeZone", "Oslo"), "timeZone" },
        { "schedule with a time zone as a path", Schedules, Schedule("timeZone", "../UTC"), "timeZone" },
        { "schedule of unknown policy", Schedules, Schedule("catchUp", "sometimes"), "catchUp" },
        { "schedule enabled by a text", Schedules, Schedule("enabled", "true"), "enabled" },
        { "schedule of a conversation of no id", Schedules, Schedule("conversationId", "a b"), "conversationId" },
        { "unknown field of a schedule", Schedules, Schedule("every", "day"), "every" },
        { "agent without model", Agents, "{}", "model" },
        { "model of a wrong type", Agents, """{"model":5}""", "model" },
        { "model without provider", Agents, """{"model":"gpt-4.1"}""", "model" },
        { "unknown provider", Agents, """{"model":"nobody:x"}""", "model" },
        { "unknown provider of a fallback", Agents, """{"model":"demo:x","fallbacks":["demo:y","nobody:x"]}""", "fallbacks[1]" },
        { "unknown tool", Agents, """{"model":"demo:x","tools":["clock","teleport"]}""", "tools[1]" },
        { "tool named twice", Agents, """{"model":"demo:x","tools":["clock","clock"]}""", "tools[1]" },
        { "65 tools", Agents, $$"""{"model":"demo:x","tools":[{{string.Join(',', Enumerable.Repeat("\"clock\"", 65))}}]}""", "tools" },
        { "tools of a wrong type", Agents, """{"model":"demo:x","tools":"clock"}""", "tools" },
        { "approval of a tool it has not", Agents, """{"model":"demo:x","approvals":["clock"]}""", "approvals[0]" },
        { "approver of unknown form", Agents, """{"model":"demo:x","approvers":["bob"]}""", "approvers[0]" },
        { "instructions over 32 KiB", Agents, $$"""{"model":"demo:x","instructions":"{{new string('x', 33 * 1024)}}"}""", "instructions" },
        { "temperature out of range", Agents, """{"model":"demo:x","temperature":3}""", "temperature" },
        { "maxTurns out of range", Agents, """{"model":"demo:x","maxTurns":201}""", "maxTurns" },
        { "schema that is no object", Agents, """{"model":"demo:x","responseSchema":"x"}""", "responseSchema" },
        { "schema that leads elsewhere", Agents, """{"model":"demo:x","responseSchema":{"$ref":"http://169.254.169.254/x"}}""", "responseSchema" },
        { "schema that leads to itself", Agents, """{"model":"demo:x","responseSchema":{"allOf":[{"$ref":"#"}]}}""", "responseSchema" },
        { "schema of an unknown type", Agents, """{"model":"demo:x","responseSchema":{"type":"text"}}""", "responseSchema" },
        { "schema over 64 KiB", Agents, "{\"model\":\"demo:x\",\"responseSchema\":{\"title\":\"" + new string('x', 65 * 1024) + "\"}}", "responseSchema" },
        { "cache without time", Agents, """{"model":"demo:x","cache":{}}""", "cache.ttlSeconds" },
        { "cache of unknown scope", Agents, """{"model":"demo:x","cache":{"ttlSeconds":1,"scope":"world"}}""", "cache.scope" },
        { "context too small", Agents, """{"model":"demo:x","context":{"maxTokens":255}}""", "context.maxTokens" },
        { "context of unknown strategy", Agents, """{"model":"demo:x","context":{"strategy":"forget"}}""", "context.strategy" },
        { "unknown field of the context", Agents, """{"model":"demo:x","context":{"tokens":1000}}""", "context.tokens" },
        { "retention out of range", Agents, """{"model":"demo:x","retentionDays":3651}""", "retentionDays" },
        { "unknown redaction", Agents, """{"model":"demo:x","redaction":"some"}""", "redaction" },
        { "unknown field of an agent", Agents, """{"model":"demo:x","tool":[]}""", "tool" },
    };

    /// <summary>A good schedule but for one field.</summary>
    private static string Schedule(string field, string value) => JsonSerializer.Serialize(new Dictionary<string, string>
    {
        ["agent"] = "assistant", ["input"] = "Hello", ["cron"] = "0 8 * * *", ["timeZone"] = "UTC", [field] = value,
    });

    [Theory]
    [MemberData(nameof(InvalidBodies))]
    public async Task Invalid_body_is_400_and_names_the_field(string situation, string path, string body, string field)
    {
        using var response = await app.Http.SendJsonAsync(path is Agents or Schedules ? HttpMethod.Put : HttpMethod.Post, path, body);

        await AssertInvalidAsync(response, field, situation);
    }

    [Theory]
    [InlineData("""{"input":""", "not valid JSON (line 1")]
    [InlineData("{\n\"input\":\"x\",}", "not valid JSON (line 2")]
    [InlineData("""{"input":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[""", "nests deeper than 32 levels")]
    public async Task Body_that_cannot_be_parsed_is_told_what_is_wrong_with_it(string body, string told)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, Runs, body);

        Assert.Contains(told, (await response.ReadAsync()).GetProperty("errors").GetProperty("body")[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_to_a_hostile_body_stays_small()
    {
        var name = new string('n', 20_000);
        var twice = string.Concat(Enumerable.Repeat("\"a\":1,", 1500));
        var unknown = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"field{i}\":1"));

        foreach (var body in new[] { "{\"metadata\":{\"" + name + "\":{" + twice + "\"a\":1}}}", "{" + unknown + "}" })
        {
            using var response = await app.Http.SendJsonAsync(HttpMethod.Post, Runs, body);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
            Assert.InRange((await response.Content.ReadAsByteArrayAsync()).Length, 1, 64 * 1024);
        }
    }

    [Theory]
    [InlineData("Idempotency-Key", "")]
    [InlineData("Idempotency-Key", "a b")]
    [InlineData("Idempotency-Key", "129")]
    [InlineData("Prefer", "wait=61")]
    [InlineData("Prefer", "wait=-1")]
    [InlineData("Prefer", "wait=soon")]
    [InlineData("Prefer", "respond-async, wait")]
    [InlineData("Prefer", "wait=\"\"5\"\"")]
    public async Task Invalid_header_is_400_and_names_it(string name, string value)
    {
        using var response = await app.Http.PostRunAsync("assistant", new { input = "x" }, (name, value == "129" ? new string('k', 129) : value));

        await AssertInvalidAsync(response, name, value);
    }

    [Theory]
    [InlineData("wait=30", HttpStatusCode.OK)]
    [InlineData("WAIT = \"30\"; why=\"a,b\"", HttpStatusCode.OK)]
    [InlineData("respond-async, wait=30", HttpStatusCode.OK)]
    [InlineData("foo=\"a,wait=99\", wait=30", HttpStatusCode.OK)]
    [InlineData("foo=\"a,wait=99\"", HttpStatusCode.Accepted)]
    [InlineData("foo; wait=99", HttpStatusCode.Accepted)]
    [InlineData("wait=0", HttpStatusCode.Accepted)]
    [InlineData("", HttpStatusCode.Accepted)]
    public async Task Preference_is_read_as_its_rfc_says(string prefer, HttpStatusCode status)
    {
        using var response = await app.Http.PostRunAsync("assistant", new { input = "Hello" }, ("Prefer", prefer));

        Assert.Equal(status, response.StatusCode);
    }

    [Theory]
    [InlineData("/api/runs?limit=0", "limit")]
    [InlineData("/api/runs?limit=101", "limit")]
    [InlineData("/api/runs?limit=ten", "limit")]
    [InlineData("/api/runs?after=%00", "after")]
    [InlineData("/api/runs?after=cnVuIWE", "after")]
    [InlineData("/api/runs?status=done", "status")]
    [InlineData("/api/runs?state=done", "state")]
    [InlineData("/api/runs?metadata.=x", "metadata.")]
    [InlineData("/api/agents?limit=0", "limit")]
    [InlineData("/api/tools?page=2", "page")]
    [InlineData("/api/usage?days=0", "days")]
    [InlineData("/api/usage?days=91", "days")]
    [InlineData("/api/usage?days=week", "days")]
    [InlineData("/api/usage?from=2026-01-01", "from")]
    public async Task Invalid_query_is_400_and_names_the_parameter(string path, string field)
    {
        using var response = await app.Http.GetAsync(new Uri(path, UriKind.Relative));

        await AssertInvalidAsync(response, field, path);
    }

    [Theory]
    [InlineData("a%2Fb")]
    [InlineData("a%5Cb")]
    [InlineData("a%23b")]
    [InlineData("a%3Fb")]
    [InlineData("a%00b")]
    [InlineData("a%0Ab")]
    [InlineData("..%2F..")]
    [InlineData("a'%20or%20'1'%20eq%20'1")]
    [InlineData("%21")]
    public async Task Id_with_forbidden_characters_is_4xx_everywhere(string id)
    {
        HttpResponseMessage[] responses =
        [
            await app.Http.GetAsync(new Uri($"/api/runs/{id}", UriKind.Relative)),
            await app.Http.GetAsync(new Uri($"/api/runs/{id}/steps", UriKind.Relative)),
            await app.Http.GetAsync(new Uri($"/api/agents/{id}", UriKind.Relative)),
            await app.Http.DeleteAsync(new Uri($"/api/agents/{id}", UriKind.Relative)),
            await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{id}", """{"model":"demo:x"}"""),
            await app.Http.PostRunAsync(id, new { input = "x" }),
        ];

        foreach (var response in responses)
        {
            Assert.InRange((int)response.StatusCode, 400, 499);
            response.Dispose();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Body_over_1_MiB_is_413(bool chunked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Runs);
        request.Content = new StringContent($$"""{"input":"{{new string('x', 2 * 1024 * 1024)}}"}""");
        request.Headers.TransferEncodingChunked = chunked;

        using var response = await app.Http.SendAsync(request);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Equal("payload_too_large", (await response.ReadAsync()).Text("code"));
    }

    [Theory]
    [InlineData("Bearer alice")]
    [InlineData("Bearer dev:")]
    [InlineData("Bearer dev:a b")]
    [InlineData("Bearer dev:alice:root")]
    [InlineData("Bearer dev:alice:admin:admin")]
    [InlineData("Basic YWxpY2U6")]
    [InlineData("dev:alice")]
    public async Task Invalid_credentials_are_401(string credentials)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs", "", ("Authorization", credentials));

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("unauthenticated", (await response.ReadAsync()).Text("code"));
        Assert.Equal("Bearer", Assert.Single(response.Headers.WwwAuthenticate).Scheme);
    }

    [Fact]
    public async Task Unknown_run_is_404_with_all_members_of_a_problem()
    {
        using var response = await app.Http.GetAsync(new Uri("/api/runs/run_unknown", UriKind.Relative));
        var problem = await response.ReadAsync();

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(("not_found", 404, "/api/runs/run_unknown"), (problem.Text("code"), problem.GetProperty("status").GetInt32(), problem.Text("instance")));
        Assert.All(["type", "title", "detail", "traceId"], member => Assert.NotEmpty(problem.Text(member)));
    }

    [Fact]
    public async Task Runs_of_others_do_not_exist()
    {
        using var started = await app.Http.PostRunAsync("assistant", new { input = "Hello" }, ("Prefer", "wait=60"));
        var path = started.Headers.Location!.ToString();
        var bob = app.As("bob");

        using var read = await app.Http.SendJsonAsync(HttpMethod.Get, path, "", bob);
        using var steps = await app.Http.SendJsonAsync(HttpMethod.Get, $"{path}/steps", "", bob);
        using var list = await app.Http.SendJsonAsync(HttpMethod.Get, "/api/runs?limit=100", "", bob);

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (read.StatusCode, steps.StatusCode));
        Assert.DoesNotContain(path[path.LastIndexOf('/')..][1..], await list.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task AssertInvalidAsync(HttpResponseMessage response, string field, string situation)
    {
        var problem = await response.ReadAsync();
        Assert.True(response.StatusCode == HttpStatusCode.BadRequest, $"{situation}: {(int)response.StatusCode} {problem.GetRawText()}");
        Assert.Equal("invalid_request", problem.Text("code"));
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out var messages), $"{situation}: {problem.GetRawText()}");
        Assert.NotEmpty(messages.EnumerateArray().First().GetString()!);
        Assert.DoesNotContain("System.", problem.GetRawText(), StringComparison.Ordinal);
    }
}
