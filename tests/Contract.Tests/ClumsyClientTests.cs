using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What clients send that is not how this product would write it, and means the same.</summary>
[Collection(SharedLocalHost.Name)]
public class ClumsyClientTests(ContractFixture app)
{
    private const string Runs = "/api/agents/assistant/runs";
    private const string Lines = "application/x-ndjson";
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    [Fact]
    public async Task Byte_order_mark_before_json_is_read_past()
    {
        using var response = await PostAsync(Runs, [.. Mark, .. """{"input":"Hello"}"""u8], "application/json");

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    [Theory]
    [InlineData("\uFEFF{\"id\":\"r1\",\"input\":\"x\"}\n{\"id\":\"r2\",\"input\":\"y\"}", Lines)]
    [InlineData("{\"id\":\"r1\",\"input\":\"x\"}\r\n{\"id\":\"r2\",\"input\":\"y\"}\r\n\r\n", Lines)]
    [InlineData("\uFEFF{\"id\":\"r1\",\"input\":\"x\"}\r\n\r\n{\"id\":\"r2\",\"input\":\"y\"}\n \n\n", "APPLICATION/X-NDJSON; Charset=UTF-8")]
    [InlineData("{\"id\":\"r1\",\"input\":\"x\"}\n{\"id\":\"r2\",\"input\":\"y\"}\n", "application/JSONL;charset=utf-8")]
    [InlineData("\uFEFF{\"agent\":\"assistant\",\"items\":[{\"id\":\"r1\",\"input\":\"x\"},{\"id\":\"r2\",\"input\":\"y\"}]}\r\n", "Application/JSON")]
    public async Task Batch_with_marks_other_line_ends_and_content_types_in_capitals_has_its_items(string body, string contentType)
    {
        var path = contentType.Contains("JSON", StringComparison.Ordinal) && contentType.StartsWith("Application", StringComparison.Ordinal)
            ? "/api/batches" : "/api/batches?agent=assistant";

        using var response = await PostAsync(path, Encoding.UTF8.GetBytes(body), contentType);

        var batch = await response.ReadAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, batch.GetRawText());
        Assert.Equal(2, batch.GetProperty("counts").GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Compressed_body_is_read_within_its_limit_and_other_encodings_are_415()
    {
        using var run = await PostAsync(Runs, Gzip("""{"input":"Hello"}"""), "application/json", "gzip");
        using var batch = await PostAsync("/api/batches?agent=assistant", Gzip("""{"id":"r1","input":"x"}"""), Lines, "GZIP");
        using var bomb = await PostAsync(Runs, Gzip($$"""{"input":"{{new string('x', 64 * 1024 * 1024)}}"}"""), "application/json", "gzip");
        using var broken = await PostAsync(Runs, "not gzip at all"u8.ToArray(), "application/json", "gzip");
        using var other = await PostAsync(Runs, """{"input":"Hello"}"""u8.ToArray(), "application/json", "br");

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (run.StatusCode, batch.StatusCode));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, bomb.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, broken.StatusCode);
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "unsupported_media_type"), (other.StatusCode, (await other.ReadAsync()).Text("code")));
        Assert.Contains("gzip", other.Headers.GetValues("Accept-Encoding"));
    }

    [Theory]
    [InlineData("4.0", HttpStatusCode.Created)]
    [InlineData("4e0", HttpStatusCode.Created)]
    [InlineData("40E-1", HttpStatusCode.Created)]
    [InlineData("4.5", HttpStatusCode.BadRequest)]
    [InlineData("4e20", HttpStatusCode.BadRequest)]
    public async Task Integer_of_a_request_may_be_written_with_a_point_or_an_exponent(string number, HttpStatusCode status)
    {
        using var response = await app.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/agents/a{Guid.NewGuid():N}", $$"""{"model":"demo:x","maxTurns":{{number}}}""");

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task Integer_of_an_answer_may_be_written_with_a_point()
    {
        var agent = await app.PutAgentAsync(new
        {
            model = "openai:scripted",
            responseSchema = JsonNode.Parse("""{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"""),
        });
        app.Model.Enqueue(ModelReply.Text("""{"n": 4.0}"""));

        using var response = await app.Http.PostRunAsync(agent, new { input = "Go" }, ("Prefer", "wait=60"));

        var run = await response.ReadAsync();
        Assert.Equal("completed", run.Text("status"));
        Assert.Equal(4, run.GetProperty("structuredOutput").GetProperty("n").GetInt32());
        Assert.Equal(1, run.GetProperty("turns").GetInt32());
    }

    [Theory]
    [InlineData("W/{0}", HttpStatusCode.PreconditionFailed)]
    [InlineData("\"abc\"", HttpStatusCode.PreconditionFailed)]
    [InlineData("\"abc\", W/{0}", HttpStatusCode.PreconditionFailed)]
    [InlineData("\"abc\", {0}", HttpStatusCode.OK)]
    [InlineData("{0},W/\"x\"", HttpStatusCode.OK)]
    [InlineData("abc", HttpStatusCode.BadRequest)]
    public async Task If_Match_may_be_a_list_and_a_weak_tag_matches_nothing(string header, HttpStatusCode status)
    {
        var path = $"/api/agents/{await app.PutAgentAsync()}";
        using var read = await app.Http.GetAsync(new Uri(path, UriKind.Relative));
        var sent = header.Replace("{0}", read.Headers.ETag!.ToString(), StringComparison.Ordinal);

        using var put = await app.Http.SendJsonAsync(HttpMethod.Put, path, """{"model":"demo:x"}""", ("If-Match", sent));

        Assert.Equal(status, put.StatusCode);
    }

    [Theory]
    [InlineData("application/json;q=0.9,text/event-stream", "text/event-stream")]
    [InlineData("TEXT/Event-Stream", "text/event-stream")]
    [InlineData("text/event-stream, */*", "text/event-stream")]
    [InlineData("text/event-stream;q=0", "application/json")]
    [InlineData("text/event-stream;q=0.5, application/json", "application/json")]
    [InlineData("text/event-stream;q=0.5, application/*;q=0.4, */*", "text/event-stream")]
    [InlineData("*/*", "application/json")]
    public async Task Answer_of_an_inline_run_is_what_Accept_likes_best(string accept, string contentType)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/agents/assistant/invoke") { Content = new StringContent("""{"input":"Hello"}""") };
        request.Headers.TryAddWithoutValidation("Accept", accept);

        using var response = await app.Http.SendAsync(request);

        Assert.Equal((HttpStatusCode.OK, contentType), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
    }

    [Theory]
    [InlineData("""{"input":"x","onConflict":"reject"}""", HttpStatusCode.Accepted)]
    [InlineData("""{"input":"x","onConflict":"enqueue"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"input":"x","onConflict":"interrupt"}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"input":"x","onConflict":"whatever"}""", HttpStatusCode.BadRequest)]
    public async Task OnConflict_without_a_conversation_may_only_be_the_default(string body, HttpStatusCode status)
    {
        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, Runs, body);

        Assert.Equal(status, response.StatusCode);
    }

    [Fact]
    public async Task What_was_read_may_be_put_back_and_nobody_sets_what_is_not_theirs()
    {
        var path = $"/api/agents/{await app.PutAgentAsync()}";
        using var read = await app.Http.GetAsync(new Uri(path, UriKind.Relative));
        var agent = JsonNode.Parse(await read.Content.ReadAsStringAsync())!.AsObject();

        using var same = await app.Http.SendJsonAsync(HttpMethod.Put, path, agent.ToJsonString());
        using var stale = await app.Http.SendJsonAsync(HttpMethod.Put, path, agent.ToJsonString());
        using var forged = await app.Http.SendJsonAsync(HttpMethod.Put, path, """{"model":"demo:x","owner":"bob"}""");
        using var renamed = await app.Http.SendJsonAsync(HttpMethod.Put, path, """{"model":"demo:x","id":"other"}""");
        using var fresh = await app.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/fresh1", """{"model":"demo:x","id":"fresh1"}""");

        Assert.Equal(HttpStatusCode.OK, same.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, stale.StatusCode);
        Assert.Equal(["updatedAt", "version"], (await stale.ReadAsync()).GetProperty("errors").EnumerateObject().Select(field => field.Name).Order());
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (forged.StatusCode, renamed.StatusCode));
        Assert.Equal(HttpStatusCode.Created, fresh.StatusCode);
    }

    [Theory]
    [InlineData("europe/oslo")]
    [InlineData("EUROPE/OSLO")]
    [InlineData("utc")]
    public async Task Time_zone_may_be_in_any_case_and_a_schedule_may_be_put_back(string zone)
    {
        var path = $"/api/schedules/s{Guid.NewGuid():N}";
        var definition = JsonSerializer.Serialize(new { agent = "assistant", input = "Hello", cron = "0 8 1 1 *", timeZone = zone });
        using var created = await app.Http.SendJsonAsync(HttpMethod.Put, path, definition);
        using var back = await app.Http.SendJsonAsync(HttpMethod.Put, path, (await created.ReadAsync()).GetRawText());
        using var deleted = await app.Http.DeleteAsync(new Uri(path, UriKind.Relative));

        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (created.StatusCode, back.StatusCode));
    }

    [Fact]
    public async Task Suspend_and_cancel_say_what_was_asked_for()
    {
        var agent = await app.PutAgentAsync();
        var gate = new Gate();
        app.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var started = await app.Http.PostRunAsync(agent, new { input = "Go" });
        var id = (await started.ReadAsync()).Text("id");
        await gate.Reached;

        using var suspended = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/suspend", "");
        using var cancelled = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/cancel", "");
        gate.Open();
        var ended = await app.Http.EndOfRunAsync(id);

        Assert.True((await suspended.ReadAsync()).GetProperty("suspendRequested").GetBoolean());
        Assert.True((await cancelled.ReadAsync()).GetProperty("cancelRequested").GetBoolean());
        Assert.False(ended.TryGetProperty("cancelRequested", out _));
    }

    private async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string contentType, string? encoding = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        if (encoding is not null)
        {
            request.Content.Headers.ContentEncoding.Add(encoding);
        }

        return await app.Http.SendAsync(request);
    }

    private static byte[] Gzip(string text)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
        {
            gzip.Write(Encoding.UTF8.GetBytes(text));
        }

        return compressed.ToArray();
    }
}
