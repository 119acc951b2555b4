using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>How many streams one user may read, on a host that allows two.</summary>
public sealed class EventReaderLimitTests : IAsyncLifetime
{
    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(settings => settings["Limits__EventReaders"] = "2");

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Reader_too_many_is_429_until_another_goes_and_others_are_not_touched()
    {
        var gate = new Gate();
        _host.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var put = await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", """{"model":"openai:scripted"}""");
        using var started = await _host.Http.PostRunAsync("a1", new { input = "Go" });
        var id = (await started.ReadAsync()).Text("id");
        await gate.Reached;
        var first = await EventClient.OpenAsync(_host.Http, id);
        using var second = await EventClient.OpenAsync(_host.Http, id);

        using var third = await EventClient.GetAsync(_host.Http, id);
        using var events = new HttpRequestMessage(HttpMethod.Post, "/api/agents/a1/runs") { Content = new StringContent("""{"input":"Go"}""") };
        events.Headers.Add("Accept", "text/event-stream");
        using var notStarted = await _host.Http.SendAsync(events);
        using var runs = await _host.Http.GetAsync(new Uri("/api/runs", UriKind.Relative));
        using var missing = await _host.Http.SendJsonAsync(HttpMethod.Get, "/api/runs/run_1/events", "", ("Authorization", "Bearer dev:bob"));
        first.Dispose();
        var after = await UntilAdmittedAsync(id);
        gate.Open();

        Assert.Equal((HttpStatusCode.TooManyRequests, "too_many_event_readers"), (third.StatusCode, (await third.ReadAsync()).Text("code")));
        Assert.Equal((HttpStatusCode.TooManyRequests, "too_many_event_readers"), (notStarted.StatusCode, (await notStarted.ReadAsync()).Text("code")));
        Assert.Equal(1, (await runs.ReadAsync()).GetProperty("items").GetArrayLength());
        Assert.InRange(third.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        after.Dispose();
    }

    [Fact]
    public async Task Stream_has_no_empty_blocks_also_while_nothing_happens()
    {
        var gate = new Gate();
        _host.Model.RespondWith(_ => ModelReply.Hang(gate, ModelReply.Text("Done.")));
        using var put = await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a1", """{"model":"openai:scripted"}""");
        using var started = await _host.Http.PostRunAsync("a1", new { input = "Go" });
        await gate.Reached;

        using var response = await EventClient.GetAsync(_host.Http, (await started.ReadAsync()).Text("id"));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        List<string> lines = [];
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            if (line == ": keep-alive")
            {
                gate.Open();
            }
        }

        // A client such as @microsoft/fetch-event-source takes every empty line for the end of a message.
        Assert.Equal("retry: 1000", lines[0]);
        Assert.Contains(": keep-alive", lines);
        var messages = string.Join('\n', lines).Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.All(messages, message => Assert.Contains("\ndata: {", message, StringComparison.Ordinal));
        Assert.EndsWith("run.completed", messages[^1].Split("event: ")[1].Split('\n')[0], StringComparison.Ordinal);
    }

    /// <summary>The host learns of a connection that was closed a moment later than its client.</summary>
    private Task<HttpResponseMessage> UntilAdmittedAsync(string id) =>
        Poll.UntilAsync(() => EventClient.GetAsync(_host.Http, id), response => response.StatusCode == HttpStatusCode.OK);
}
