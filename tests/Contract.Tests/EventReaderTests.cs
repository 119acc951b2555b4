using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Many readers, slow readers, readers who go away, and pages of other origins, on a host of their own.</summary>
public sealed class EventReaderTests(EventReaderHost app) : IClassFixture<EventReaderHost>
{
    private const string Page = EventReaderHost.Page;
    private const long MaxMemory = 512L * 1024 * 1024;

    private readonly KillableHost _host = app.Host;

    [Fact]
    public async Task Thousand_readers_of_a_finished_run_and_200_of_a_live_one_stay_within_512_MB()
    {
        var finished = await StartAsync(ModelReply.Text(string.Concat(Enumerable.Repeat("word ", 2_000))), stream: true);
        await _host.Http.EndOfRunAsync(finished);
        var all = await Task.WhenAll(Enumerable.Range(0, 1_000).Select(_ => EventClient.ReadAllAsync(_host.Http, finished)));
        Assert.All(all, events => Assert.Equal(["run.started", "model.completed", "run.completed"], events.Select(item => item.Type)));

        var gate = new Gate();
        var live = await StartAsync(ModelReply.Text(string.Concat(Enumerable.Repeat("word ", 2_000))) with { MidStreamGate = gate }, stream: true);
        var readers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => EventClient.OpenAsync(_host.Http, live)));
        var first = await Task.WhenAll(readers.Select(reader => reader.ReadUntilAsync(item => item.Type == "model.delta")));
        gate.Open();
        var rest = await Task.WhenAll(readers.Select(reader => reader.ReadToEndAsync()));

        Assert.All(rest, events => Assert.Equal("run.completed", events[^1].Type));
        foreach (var events in first.Zip(rest, (begun, ended) => begun.Concat(ended)))
        {
            Assert.Equal(10_000, events.Where(item => item.Type == "model.delta").Sum(item => item.Data.Text("text").Length));
        }

        Assert.InRange(_host.PeakMemory, 1, MaxMemory);
        Array.ForEach(readers, reader => reader.Dispose());
    }

    [Fact]
    public async Task Answers_say_that_they_depend_on_the_page_that_asks_also_where_none_does()
    {
        using var plain = await _host.Http.GetAsync(new Uri("/live", UriKind.Relative));
        using var page = await _host.Http.SendJsonAsync(HttpMethod.Get, "/live", "", ("Origin", Page));

        Assert.All([plain, page], response => Assert.Equal(["Origin"], response.Headers.Vary));
    }

    [Fact]
    public async Task Slow_reader_holds_nobody_up_and_misses_nothing()
    {
        var id = await StartAsync(ModelReply.Text(string.Concat(Enumerable.Repeat("word ", 20_000))), stream: true);
        using var slow = await EventClient.OpenAsync(_host.Http, id);

        var fast = await EventClient.ReadAllAsync(_host.Http, id);
        var run = await _host.Http.EndOfRunAsync(id);
        var late = await slow.ReadToEndAsync();

        Assert.Equal("completed", run.Text("status"));
        Assert.Equal(fast.Where(item => item.IsLasting).Select(item => item.Text), late.Where(item => item.IsLasting).Select(item => item.Text));
    }

    [Fact]
    public async Task Reader_who_goes_away_is_no_failure_and_the_run_goes_on()
    {
        var gate = new Gate();
        var before = _host.Output.Length;
        var id = await StartAsync(ModelReply.Text("One two three four.") with { MidStreamGate = gate }, stream: true);
        using (var gone = await EventClient.OpenAsync(_host.Http, id))
        {
            await gone.ReadUntilAsync(item => item.Type == "model.delta");
        }

        // The next reader's events prove that the host has gone on past the one who left.
        using var next = await EventClient.OpenAsync(_host.Http, id);
        await next.ReadUntilAsync(item => item.Type == "model.delta");
        gate.Open();
        var events = await next.ReadToEndAsync();

        Assert.Equal("run.completed", events[^1].Type);
        var output = _host.Output[before..];
        Assert.All(["fail: ", "crit: ", "warn: "], level => Assert.DoesNotContain(level, output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Silent_stream_is_kept_alive()
    {
        var gate = new Gate();
        var id = await StartAsync(ModelReply.Text("Hello.") with { Gate = gate }, stream: true);
        using var response = await EventClient.GetAsync(_host.Http, id);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync());
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(90));

        string? line;
        do
        {
            line = await lines.ReadLineAsync(bound.Token);
        }
        while (line is not null && !line.StartsWith(':'));
        gate.Open();

        Assert.Equal(": keep-alive", line);
        Assert.Contains("event: run.completed", await lines.ReadToEndAsync(bound.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ticket_is_in_no_log_although_addresses_are()
    {
        var id = await StartAsync(ModelReply.Text("Hello."), stream: false);
        using var issued = await _host.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/events/ticket", "");
        var ticket = (await issued.ReadAsync()).Text("ticket");

        await EventClient.ReadAllAsync(_host.Http, id, query: $"?ticket={ticket}");
        await Poll.UntilAsync(() => _host.Output.Contains($"/api/runs/{id}/events?ticket=", StringComparison.Ordinal));

        Assert.DoesNotContain(ticket[8..], _host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_of_an_allowed_origin_may_read_answers_failures_included()
    {
        var id = await StartAsync(ModelReply.Text("Hello."), stream: false);

        using var preflight = await SendAsync(HttpMethod.Options, $"/api/runs/{id}/events", Page, ("Access-Control-Request-Method", "GET"), ("Access-Control-Request-Headers", "authorization,last-event-id"));
        using var events = await SendAsync(HttpMethod.Get, $"/api/runs/{id}/events", Page);
        using var failure = await SendAsync(HttpMethod.Get, "/api/runs/run_0", Page);

        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Contains("GET", Header(preflight, "Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Contains("last-event-id", Header(preflight, "Access-Control-Allow-Headers"), StringComparison.OrdinalIgnoreCase);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (events.StatusCode, failure.StatusCode));
        Assert.All([preflight, events, failure], response => Assert.Equal(Page, Header(response, "Access-Control-Allow-Origin")));
    }

    [Theory]
    [InlineData("https://evil.example.com")]
    [InlineData("http://app.example.com")]
    [InlineData("https://app.example.com.evil.example")]
    [InlineData("null")]
    public async Task Page_of_another_origin_may_not(string origin)
    {
        using var preflight = await SendAsync(HttpMethod.Options, "/api/runs", origin, ("Access-Control-Request-Method", "GET"));
        using var list = await SendAsync(HttpMethod.Get, "/api/runs", origin);

        Assert.Equal("", Header(preflight, "Access-Control-Allow-Origin"));
        Assert.Equal("", Header(list, "Access-Control-Allow-Origin"));
    }

    private static string Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : "";

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string origin, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Origin", origin);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await _host.Http.SendAsync(request);
    }

    private async Task<string> StartAsync(ModelReply reply, bool stream)
    {
        _host.Model.Enqueue(reply);
        using var put = await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/read", """{"model":"openai:scripted"}""");
        using var accepted = await _host.Http.PostRunAsync("read", new { input = "Go", stream });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        return (await accepted.ReadAsync()).Text("id");
    }
}

/// <summary>A host that lets a page of another origin read, and one user read many streams at once.</summary>
public sealed class EventReaderHost : IAsyncLifetime
{
    internal const string Page = "https://app.example.com";

    internal KillableHost Host { get; private set; } = null!;

    public async Task InitializeAsync() => Host = await KillableHost.StartAsync(settings =>
    {
        settings["Cors__AllowedOrigins__0"] = Page;
        settings["Limits__EventReaders"] = "2000";
        settings["Logging__LogLevel__Microsoft.AspNetCore"] = "Information";
        settings["Logging__Console__LogLevel__Microsoft.AspNetCore"] = "Information";
    });

    public async Task DisposeAsync() => await Host.DisposeAsync();
}
