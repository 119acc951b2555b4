using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>A run's events as clients read them.</summary>
[Collection(RunsHost.Name)]
public sealed class EventContractTests(ContractFixture app)
{
    private const string Answer = "One two three four five six seven eight.";
    private static readonly string[] Fallbacks = ["openai:other"];

    [Fact]
    public async Task Finished_run_has_the_same_events_for_every_reader_and_none_after_the_last()
    {
        var id = await FinishedRunAsync();

        var events = await EventClient.ReadAllAsync(app.Http, id);
        var again = await EventClient.ReadAllAsync(app.Http, id);
        using var after = await EventClient.GetAsync(app.Http, id, events[^1].Id);

        Assert.Equal(
            ["run.started", "model.completed", "tool.completed", "tool.completed", "model.completed", "run.completed"],
            events.Select(item => item.Type));
        Assert.Equal(events.Select(item => item.Text), again.Select(item => item.Text));
        Assert.Equal(events.Count, events.Select(item => item.Id).Distinct().Count());
        Assert.Equal(HttpStatusCode.NoContent, after.StatusCode);
        Assert.Equal(Answer, events[4].Data.Text("text"));
        var calls = events[1].Data.GetProperty("toolCalls").EnumerateArray().ToList();
        Assert.Equal(("t1c0", "calculator", "2+2"), (calls[0].Text("callId"), calls[0].Text("name"), calls[0].GetProperty("arguments").Text("expression")));
        Assert.Equal(("t1c0", "4", "completed"), (events[2].Data.Text("callId"), events[2].Data.Text("result"), events[2].Data.Text("status")));
        using var run = await app.Http.GetAsync(new Uri($"/api/runs/{id}", UriKind.Relative));
        Assert.Equal((await run.ReadAsync()).GetRawText(), events[^1].Data.GetRawText());
        Assert.Equal($"/api/runs/{id}/events", events[^1].Data.GetProperty("links").Text("events"));
    }

    [Fact]
    public async Task Resume_at_every_event_is_gapless_by_header_and_by_query()
    {
        var id = await FinishedRunAsync();
        var events = await EventClient.ReadAllAsync(app.Http, id);

        for (var seen = 0; seen < events.Count - 1; seen++)
        {
            var byHeader = await EventClient.ReadAllAsync(app.Http, id, events[seen].Id);
            var byQuery = await EventClient.ReadAllAsync(app.Http, id, query: $"?after={events[seen].Id}");

            Assert.Equal(events.Skip(seen + 1).Select(item => item.Text), byHeader.Select(item => item.Text));
            Assert.Equal(byHeader.Select(item => item.Text), byQuery.Select(item => item.Text));
        }
    }

    [Fact]
    public async Task Live_reader_sees_text_while_it_is_said_and_every_resume_goes_on_without_loss_or_repetition()
    {
        var gate = new Gate();
        app.Model.Enqueue(ModelReply.Text(Answer) with { MidStreamGate = gate });
        var id = await StartAsync(stream: true);
        using var live = await EventClient.OpenAsync(app.Http, id);
        var seen = await live.ReadUntilAsync(item => item.Type == "model.delta");
        await gate.Reached;

        // Half of the answer is there; who comes now is told that half, who comes back what is left of it.
        using var late = await EventClient.OpenAsync(app.Http, id);
        var half = await ReadHalfAsync(late);
        using var resumed = await EventClient.OpenAsync(app.Http, id, half[^1].Id);
        using var fromStart = await EventClient.OpenAsync(app.Http, id, half[0].Id);
        gate.Open();

        seen.AddRange(await live.ReadToEndAsync());
        List<ServerEvent> resumedEvents = [.. half, .. await resumed.ReadToEndAsync()];
        Assert.Equal(seen.Select(item => item.Text), resumedEvents.Select(item => item.Text));
        Assert.Equal(seen.Skip(1).Select(item => item.Text), (await fromStart.ReadToEndAsync()).Select(item => item.Text));
        Assert.Equal(Answer, string.Concat(seen.Where(item => item.Type == "model.delta").Select(item => item.Data.Text("text"))));
        Assert.Equal(["run.started", "model.completed", "run.completed"], seen.Where(item => item.IsLasting).Select(item => item.Type));
        Assert.Equal(Answer, seen.Single(item => item.Type == "model.completed").Data.Text("text"));

        // Once it is committed, whoever comes back in between gets the whole answer instead.
        foreach (var delta in seen.Where(item => item.Type == "model.delta"))
        {
            var afterwards = await EventClient.ReadAllAsync(app.Http, id, delta.Id);
            Assert.Equal(["model.completed", "run.completed"], afterwards.Select(item => item.Type));
        }
    }

    [Fact]
    public async Task Tool_that_begins_is_told_to_who_is_there()
    {
        var (asked, gate) = (new Gate(), new Gate());
        app.Effects.RespondWith(_ => new EffectReply("slow", Gate: gate));
        app.Model.Enqueue(
            ModelReply.Hang(asked, ModelReply.ToolCalls(("http_get", $$"""{"url":"{{app.Effects.Address}}slow"}"""))), ModelReply.Text("Done."));
        var id = await StartAsync(stream: false);
        using var live = await EventClient.OpenAsync(app.Http, id);
        await live.ReadUntilAsync(item => item.Type == "run.started");
        asked.Open();

        var begun = await live.ReadUntilAsync(item => item.Type is "tool.started" or "tool.completed");
        gate.Open();
        var rest = await live.ReadToEndAsync();

        Assert.Equal("tool.started", begun[^1].Type);
        Assert.Equal(("t1c0", "http_get"), (begun[^1].Data.Text("callId"), begun[^1].Data.Text("name")));
        Assert.Equal(["tool.completed", "model.completed", "run.completed"], rest.Select(item => item.Type));
        Assert.DoesNotContain(await EventClient.ReadAllAsync(app.Http, id), item => item.Type == "tool.started");
        Assert.Equal(rest.Select(item => item.Text), (await EventClient.ReadAllAsync(app.Http, id, begun[^1].Id)).Select(item => item.Text));
    }

    [Fact]
    public async Task Provider_that_breaks_off_after_the_first_token_voids_what_it_said()
    {
        var agent = await app.PutAgentAsync(new { model = "openai:scripted", fallbacks = Fallbacks });
        var gate = new Gate();
        app.Model.Enqueue(
            ModelReply.Text("Nobody shall keep these many words.") with { Fault = ConnectionFault.MidBody, MidStreamGate = gate }, ModelReply.Text(Answer));
        using var accepted = await app.Http.PostRunAsync(agent, new { input = "Hello", stream = true });
        using var live = await EventClient.OpenAsync(app.Http, (await accepted.ReadAsync()).Text("id"));

        var events = await live.ReadUntilAsync(item => item.Type == "model.delta");
        gate.Open();
        events.AddRange(await live.ReadToEndAsync());

        var restart = events.FindIndex(item => item.Type == "model.restarted");
        Assert.Equal(1, events[restart].Data.GetProperty("turn").GetInt32());
        Assert.Equal(Answer, TextOf(events.Take(events.FindIndex(item => item.Type == "model.completed"))));
        Assert.Equal(Answer, TextOf(events));
        Assert.Equal(Answer, events.Single(item => item.Type == "model.completed").Data.Text("text"));
        Assert.Equal("run.completed", events[^1].Type);
    }

    [Fact]
    public async Task Cancel_between_chunks_keeps_what_was_said()
    {
        var gate = new Gate();
        app.Model.Enqueue(ModelReply.Text(Answer) with { MidStreamGate = gate });
        var id = await StartAsync(stream: true);
        using var live = await EventClient.OpenAsync(app.Http, id);
        var events = await live.ReadUntilAsync(item => item.Type == "model.delta");
        await gate.Reached;

        using var cancelled = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/cancel", "");
        events.AddRange(await live.ReadToEndAsync());
        gate.Open();
        using var timeline = await app.Http.GetAsync(new Uri($"/api/runs/{id}/steps", UriKind.Relative));
        var step = (await timeline.ReadAsync()).GetProperty("items").EnumerateArray().Last();

        var said = string.Concat(events.Where(item => item.Type == "model.delta").Select(item => item.Data.Text("text")));
        Assert.StartsWith("One ", said, StringComparison.Ordinal);
        Assert.Equal(["run.started", "model.completed", "run.cancelled"], events.Where(item => item.IsLasting).Select(item => item.Type));
        Assert.Equal((said, said), (events[^2].Data.Text("text"), events[^1].Data.Text("output")));
        Assert.Equal((said, "cancelled"), (step.Text("result"), step.Text("status")));
    }

    [Fact]
    public async Task Run_that_does_not_stream_has_no_deltas()
    {
        app.Model.Enqueue(ModelReply.Text(Answer));
        var id = await StartAsync(stream: false);

        var events = await EventClient.ReadAllAsync(app.Http, id);

        Assert.Equal(["run.started", "model.completed", "run.completed"], events.Select(item => item.Type));
    }

    [Fact]
    public async Task Stream_says_how_to_reconnect_and_is_cached_nowhere()
    {
        var id = await FinishedRunAsync();

        using var client = await EventClient.OpenAsync(app.Http, id);
        await client.ReadToEndAsync();

        Assert.Equal(TimeSpan.FromSeconds(1), client.Parser.ReconnectionInterval);
        Assert.Contains("no-store", client.Response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("run.started")]
    [InlineData("%20")]
    public async Task Id_that_is_none_is_400(string after)
    {
        var id = await FinishedRunAsync();

        using var response = await EventClient.GetAsync(app.Http, id, query: $"?after={after}");

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request"), (response.StatusCode, (await response.ReadAsync()).Text("code")));
    }

    [Fact]
    public async Task Id_of_another_runs_event_is_400()
    {
        var (one, other) = (await FinishedRunAsync(), await FinishedRunAsync());
        var events = await EventClient.ReadAllAsync(app.Http, other);

        using var response = await EventClient.GetAsync(app.Http, one, events[1].Id);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Admin_reads_another_users_run_and_its_links_lead_back()
    {
        var id = await FinishedRunAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/runs/{id}/events?userId=alice");
        var (name, value) = app.As("root", "admin");
        request.Headers.TryAddWithoutValidation(name, value);

        using var response = await app.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();

        Assert.Contains($"/api/runs/{id}/events?userId=alice", text, StringComparison.Ordinal);
        var own = await EventClient.ReadAllAsync(app.Http, id);
        Assert.Equal($"/api/runs/{id}/events", own[^1].Data.GetProperty("links").Text("events"));
    }

    /// <summary>What a reader who does as the contract says has of the last answer, after all events.</summary>
    private static string TextOf(IEnumerable<ServerEvent> events)
    {
        var text = "";
        foreach (var item in events)
        {
            text = item.Type switch
            {
                "model.delta" => text + item.Data.Text("text"),
                "model.restarted" => "",
                "model.completed" => item.Data.Text("text"),
                _ => text,
            };
        }

        return text;
    }

    /// <summary>What there is up to the words before the gate, which come in one piece or several.</summary>
    private static async Task<List<ServerEvent>> ReadHalfAsync(EventClient client)
    {
        List<ServerEvent> events = [];
        while (!string.Concat(events.Where(item => item.Type == "model.delta").Select(item => item.Data.Text("text"))).Contains("four", StringComparison.Ordinal))
        {
            events.Add(await client.NextAsync() ?? throw new InvalidOperationException("The stream ended early."));
        }

        return events;
    }

    private async Task<string> FinishedRunAsync()
    {
        app.Model.Enqueue(
            ModelReply.ToolCalls(("calculator", """{"expression":"2+2"}"""), ("calculator", """{"expression":"3+3"}""")), ModelReply.Text(Answer));
        var id = await StartAsync(stream: true);
        await app.Http.EndOfRunAsync(id);
        return id;
    }

    private async Task<string> StartAsync(bool stream)
    {
        using var accepted = await app.Http.PostRunAsync(await app.PutAgentAsync(), new { input = "Hello", stream });
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        return (await accepted.ReadAsync()).Text("id");
    }
}
