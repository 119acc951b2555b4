using System.Net;
using System.Text;

namespace Yggdrasil.Client.Tests;

/// <summary>What is sent again, when, and what is not.</summary>
public sealed class TransportTests : IDisposable
{
    private const string Run = """
        {"id":"run_1","agent":"a","agentVersion":1,"status":"queued","usage":{"inputTokens":0,"outputTokens":0,"totalTokens":0,"modelCalls":0,"toolCalls":0,"costUsd":1e-7},
         "turns":0,"servedBy":[],"metadata":{},"createdAt":"2026-01-31T12:00:00Z","later":{"versions":["add","fields"]}}
        """;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly StubServer _server = new();

    public void Dispose() => _server.Dispose();

    [Fact]
    public async Task Start_is_sent_again_with_the_same_key_and_bytes()
    {
        _server.Break().Answer(HttpStatusCode.BadGateway, "<html>", "text/html").Problem(HttpStatusCode.ServiceUnavailable, "storage_unavailable").Answer(HttpStatusCode.Accepted, Run);
        using var client = _server.NewClient();

        var run = await _server.PassTimeAsync(client.Runs.StartAsync("a", new StartRun { Input = "Gruß" }), Second);

        Assert.Equal(("run_1", 0.0000001m), (run.Id, run.Usage.CostUsd));
        Assert.Equal(4, _server.Requests.Count);
        var request = Assert.Single(_server.Requests.Distinct());
        Assert.Equal(("POST /agents/api/agents/a/runs", "Bearer ygk_1"), (request.Line, request.Authorization));
        Assert.NotEmpty(request.Key!);
    }

    [Fact]
    public async Task Retry_after_is_waited_for_and_no_longer()
    {
        _server.Problem(HttpStatusCode.TooManyRequests, "rate_limited", "7").Answer(HttpStatusCode.Accepted, Run);
        using var client = _server.NewClient();
        var before = _server.Time.GetUtcNow();

        await _server.PassTimeAsync(client.Runs.StartAsync("a", new StartRun { Input = "Go" }), Second);

        Assert.InRange((_server.Time.GetUtcNow() - before).TotalSeconds, 7, 1000);
    }

    [Theory]
    [InlineData(429, "rate_limited", "31")]
    [InlineData(429, "rate_limited", "Sat, 31 Jan 2026 13:00:00 GMT")]
    [InlineData(429, "quota_exceeded", "5")]
    [InlineData(500, "internal_error", null)]
    [InlineData(409, "conflict", null)]
    [InlineData(401, "unauthenticated", null)]
    public async Task What_does_not_pass_soon_is_thrown_at_once(int status, string code, string? retryAfter)
    {
        _server.Problem((HttpStatusCode)status, code, retryAfter);
        using var client = _server.NewClient();

        var thrown = await Assert.ThrowsAsync<YggdrasilException>(() => client.Runs.StartAsync("a", new StartRun { Input = "Go" }));

        Assert.Equal((status, code, "So it is.", "t1"), ((int)thrown.Status, thrown.Code, thrown.Message, thrown.TraceId));
        Assert.Equal(retryAfter is not null, thrown.RetryAfter > TimeSpan.Zero);
    }

    [Fact]
    public async Task Answer_of_a_gateway_is_a_problem_without_its_text()
    {
        _server.Answer(HttpStatusCode.BadGateway, "<h1>upstream 10.0.0.7 refused</h1>", "text/html");
        using var client = _server.NewClient(options => options.MaxRetryAttempts = 0);

        var thrown = await Assert.ThrowsAsync<YggdrasilException>(() => client.Runs.GetAsync("run_1"));

        Assert.Equal(("http_502", true), (thrown.Code, thrown.IsTransient));
        Assert.DoesNotContain("10.0.0.7", thrown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inline_run_and_a_write_under_a_version_are_sent_once()
    {
        _server.Break().Break();
        using var client = _server.NewClient();

        await Assert.ThrowsAsync<HttpRequestException>(() => client.Runs.InvokeAsync("a", new InvokeAgent { Input = "Go" }));
        await Assert.ThrowsAsync<HttpRequestException>(() => client.Agents.PutAsync("a", new AgentDefinition { Model = "demo:assistant" }, "\"1\""));

        Assert.Equal(2, _server.Requests.Count);
    }

    [Fact]
    public async Task Delete_whose_answer_was_lost_is_done()
    {
        _server.Break().Problem(HttpStatusCode.NotFound, "not_found").Problem(HttpStatusCode.NotFound, "not_found");
        using var client = _server.NewClient();

        await _server.PassTimeAsync(DeletedAsync(), Second);
        await Assert.ThrowsAsync<YggdrasilException>(DeletedAsync);

        async Task<bool> DeletedAsync()
        {
            await client.Runs.DeleteAsync("run_1");
            return true;
        }
    }

    [Fact]
    public async Task Token_is_got_for_each_attempt()
    {
        var tokens = 0;
        _server.Break().Answer(HttpStatusCode.OK, Run);
        using var client = _server.NewClient(options => options.GetTokenAsync = _ => ValueTask.FromResult($"token-{++tokens}"));

        await _server.PassTimeAsync(client.Runs.GetAsync("run_1"), Second);

        Assert.Equal(["Bearer token-1", "Bearer token-2"], _server.Requests.Select(request => request.Authorization));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    public async Task Id_that_leads_elsewhere_is_refused_before_anything_is_sent(string id)
    {
        using var client = _server.NewClient();

        await Assert.ThrowsAsync<ArgumentException>(() => client.Runs.GetAsync(id));
        await Assert.ThrowsAsync<ArgumentException>(() => client.Runs.DeleteAsync(id));

        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task Id_is_one_segment_of_the_path()
    {
        _server.Problem(HttpStatusCode.NotFound, "not_found");
        using var client = _server.NewClient();

        await Assert.ThrowsAsync<YggdrasilException>(() => client.Runs.GetAsync("x/../../users?y#z"));

        Assert.Equal("GET /agents/api/runs/x%2F..%2F..%2Fusers%3Fy%23z", _server.Requests[0].Line);
    }

    [Fact]
    public async Task Key_that_no_header_can_have_is_refused()
    {
        using var client = _server.NewClient();

        await Assert.ThrowsAsync<ArgumentException>(() => client.Runs.StartAsync("a", new StartRun { Input = "Go" }, "a\r\nX-Other: b"));

        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task List_is_read_page_by_page()
    {
        _server.Answer(HttpStatusCode.OK, $$"""{"items":[{{Run}}],"next":"a b"}""").Answer(HttpStatusCode.OK, """{"items":[],"next":"c"}""")
            .Answer(HttpStatusCode.OK, $$"""{"items":[{{Run}}],"next":null}""");
        using var client = _server.NewClient();

        var runs = await client.Runs.ListAsync(new RunFilter { Status = RunStatus.Queued }).ToListAsync();

        Assert.Equal(2, runs.Count);
        Assert.Equal("GET /agents/api/runs?status=queued&limit=100&after=a%20b", _server.Requests[1].Line);
    }

    [Fact]
    public async Task Stream_on_which_nothing_comes_is_opened_again_after_its_last_event()
    {
        var silent = new System.IO.Pipelines.Pipe();
        await silent.Writer.WriteAsync("""
            id: 7
            event: model.restarted
            data: {"turn":1}


            """u8.ToArray());
        var end = new MemoryStream(Encoding.UTF8.GetBytes($"id: 8\nevent: run.completed\ndata: {Run.ReplaceLineEndings("")}\n\n"));
        _server.Stream(silent.Reader.AsStream()).Stream(end);
        using var client = _server.NewClient();

        var events = await _server.PassTimeAsync(client.Runs.StreamAsync("run_1").ToListAsync().AsTask(), Second);

        Assert.Equal(["7", "8"], events.Select(item => item.EventId));
        Assert.IsType<RunEndedEvent>(events[^1]);
    }

    [Fact]
    public async Task Event_of_a_later_version_is_passed_on()
    {
        _server.Stream(new MemoryStream("id: 1\nevent: model.thought\ndata: {\"turn\":1}\n\n"u8.ToArray())).Answer(HttpStatusCode.NoContent, "");
        using var client = _server.NewClient();

        var read = Assert.IsType<UnknownRunEvent>(Assert.Single(await client.Runs.StreamAsync("run_1").ToListAsync()));

        Assert.Equal(("model.thought", 1), (read.Type, read.Data.GetProperty("turn").GetInt32()));
    }

    [Fact]
    public async Task Who_reads_too_many_streams_looks_after_the_run_in_turn()
    {
        var ended = Run.Replace("\"createdAt\"", "\"completedAt\":\"2026-01-31T12:00:09Z\",\"createdAt\"", StringComparison.Ordinal);
        _server.Problem(HttpStatusCode.TooManyRequests, "too_many_event_readers", "5").Answer(HttpStatusCode.OK, Run).Answer(HttpStatusCode.OK, ended);
        using var client = _server.NewClient();

        var run = await _server.PassTimeAsync(client.Runs.WaitAsync("run_1"), Second);

        Assert.True(run.HasEnded);
    }
}
