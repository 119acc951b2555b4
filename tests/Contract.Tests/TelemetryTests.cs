using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What a process exports, as a collector receives it: across a kill, and with canaries wherever content goes in.</summary>
public sealed class TelemetryTests : IAsyncLifetime
{
    private TelemetryCollector _collector = null!;
    private KillableHost _host = null!;

    public async Task InitializeAsync()
    {
        _collector = await TelemetryCollector.StartAsync();
        _host = await KillableHost.StartAsync(Settings);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _collector.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_that_a_kill_interrupts_is_one_trace_in_which_each_effect_is_one_span(bool waiting)
    {
        var gate = new Gate();
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", Post("one")))
            : ModelReply.Hang(gate, ModelReply.Text("Done.")));
        var start = StartAsync(waiting);
        await gate.Reached;
        await _collector.WaitAsync(collector => collector.Spans.Any(span => span.Name == "execute_tool http_post"));

        await _host.RestartAsync(Settings);
        gate.Open();
        var runId = await RunIdAsync();
        await _host.Http.EndOfRunAsync(runId);
        await _collector.WaitAsync(collector => collector.Spans.Any(span => span.Name == "invoke_agent traced"));
        await start.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);

        var spans = _collector.Spans.Where(span => span.Attributes.GetValueOrDefault("yggdrasil.run.id") == runId).ToList();
        var trace = Assert.Single(spans.Select(span => span.TraceId).Distinct());
        Assert.Equal(Trace, trace);
        Assert.Equal(_host.Effects.Count("POST", "/one"), spans.Count(span => span.Name == "execute_tool http_post"));

        // On a busy machine a lease may end too early and its call be made again: no answer is reported that the model did not give.
        var chats = spans.Where(span => span.Name == "chat scripted").ToLookup(span => span.Attributes["yggdrasil.run.turn"]);
        var asked = _host.Model.Requests.Count(request => request.ToolResults.Count == 0);
        var answered = chats["1"].Count(chat => chat.Attributes.ContainsKey("gen_ai.response.model"));
        Assert.True(answered >= 1 && answered <= asked, $"The model was asked {asked} times; {string.Join('\n', spans)}");

        // The call that answered belongs to a later slice than the one that died with its process.
        var later = spans
            .Where(span => span.Name == "invoke_agent traced" && span.Attributes["yggdrasil.run.epoch"] != "1")
            .Select(span => span.SpanId)
            .ToHashSet();
        Assert.Contains(chats["2"], chat => later.Contains(chat.ParentId));
    }

    [Fact]
    public async Task Names_are_those_of_the_conventions()
    {
        _host.Model.RespondWith(_ => ModelReply.Text("Hi."));

        await StartAsync(waiting: true);
        var runId = await RunIdAsync();
        await _collector.WaitAsync(collector => collector.Spans.Any(span => span.Name == "invoke_agent traced")
            && collector.MetricNames.Contains("yggdrasil.run.duration") && collector.MetricNames.Contains("yggdrasil.request.duration"));

        // On a busy machine a lease may end too early and its call be made again.
        var chat = _collector.Spans.First(span => span.Name == "chat scripted");
        Assert.Equal(
            ("chat", "openai", "scripted", "scripted", "traced", runId),
            (chat.Attributes["gen_ai.operation.name"], chat.Attributes["gen_ai.provider.name"], chat.Attributes["gen_ai.request.model"],
             chat.Attributes["gen_ai.response.model"], chat.Attributes["gen_ai.agent.id"], chat.Attributes["yggdrasil.run.id"]));
        var request = Assert.Single(_collector.Spans, span => span.Name == "StartRun");
        Assert.Equal(("http", "200"), (request.Attributes["faas.trigger"], request.Attributes["http.response.status_code"]));
        Assert.Contains("gen_ai.client.token.usage", _collector.MetricNames);
        Assert.Contains("gen_ai.client.operation.duration", _collector.MetricNames);
        Assert.Contains("yggdrasil.users.active", _collector.MetricNames);
        Assert.Contains("yggdrasil.provider=openai", _collector.Dimensions("yggdrasil.provider.breaker.state"));
    }

    [Fact]
    public async Task Nothing_that_is_exported_holds_content()
    {
        var search = new LeakSearch();
        var (result, answer, unknownTool) = (search.Canary("tool result"), search.Canary("answer"), search.Canary("unknown tool"));
        _host.Effects.RespondWith(_ => new EffectReply(Body: result));
        var arguments = JsonSerializer.Serialize(new { url = $"{_host.Effects.Address}{search.Canary("url")}", body = search.Canary("body") });
        var upstream = search.Canary("upstream error");
        _host.Model.RespondWith(request => request.Messages.Count(message => message.Role == "tool") switch
        {
            0 when request.LastUserText.StartsWith("fail", StringComparison.Ordinal) => ModelReply.Status(400, message: upstream),
            0 => ModelReply.ToolCalls(("http_post", arguments), (unknownTool, "{}")),
            _ => ModelReply.Text(answer),
        });

        await StartAsync(waiting: true, $"{search.Canary("prompt")}", search.Canary("instructions"));
        await StartAsync(waiting: true, $"fail {search.Canary("failing prompt")}");
        using var bad = await _host.Http.PostRunAsync("traced", new { input = 7, unknown = search.Canary("bad request") });
        await _collector.WaitAsync(collector =>
            collector.Spans.Where(span => span.Name == "invoke_agent traced").DistinctBy(span => span.Attributes["yggdrasil.run.id"]).Count() == 2
            && collector.Dimensions("yggdrasil.request.duration").Any(point => point.Contains("status_code=400", StringComparison.Ordinal))
            && collector.Logs.Count > 0);

        Assert.Contains(_collector.Spans, span => span is { IsError: true, Name: "chat scripted" });
        Assert.Empty(_collector.Received.SelectMany(request => search.Find(request.Path, request.Body)));
        Assert.All(_collector.Spans, span => Assert.Equal("", span.StatusDescription));
    }

    [Fact]
    public async Task Log_records_of_a_run_name_the_run_the_turn_and_a_hash_of_the_owner()
    {
        _host.Model.RespondWith(request => request.Model == "scripted" ? ModelReply.Status(503) : ModelReply.Text("Hi."));

        await StartAsync(waiting: true);
        var runId = await RunIdAsync();
        await _collector.WaitAsync(collector => collector.Logs.Any(log => log.Attributes.ContainsKey("yggdrasil.run.id")));

        var log = _collector.Logs.First(log => log.Attributes.ContainsKey("yggdrasil.run.id"));
        Assert.Equal((runId, "0", Trace), (log.Attributes["yggdrasil.run.id"], log.Attributes["yggdrasil.run.turn"], log.TraceId));
        Assert.DoesNotContain("alice", log.Attributes["yggdrasil.owner"], StringComparison.Ordinal);
    }

    private static readonly string[] Tools = ["http_post"];
    private static readonly string[] Fallbacks = ["openai:other"];

    private const string Trace = "0af7651916cd43dd8448eb211c80319c";

    /// <summary>Starts a run as a caller who traces: its trace goes on here.</summary>
    private async Task StartAsync(bool waiting, string input = "Go", string instructions = "Be brief.")
    {
        using var agent = await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/traced", JsonSerializer.Serialize(new
        {
            model = "openai:scripted",
            instructions,
            tools = Tools,
            fallbacks = Fallbacks,
        }));
        agent.EnsureSuccessStatusCode();
        (string, string) trace = ("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        using var started = await _host.Http.PostRunAsync(
            "traced", new { input }, waiting ? [trace, ("Prefer", "wait=60")] : [trace]);
        Assert.True(started.IsSuccessStatusCode, $"{started.StatusCode}");
    }

    private async Task<string> RunIdAsync()
    {
        using var list = await _host.Http.GetAsync(new Uri("/api/runs", UriKind.Relative));
        return (await list.ReadAsync()).GetProperty("items")[0].Text("id");
    }

    private string Post(string path) => JsonSerializer.Serialize(new { url = $"{_host.Effects.Address}{path}", body = "x" });

    private void Settings(Dictionary<string, string> settings)
    {
        // Short, because a crashed run resumes at its end; not the shortest, because a busy machine loses that.
        settings["Runs__LeaseSeconds"] = "12";
        settings["Providers__openai__RetryAttempts"] = "0";
        foreach (var (name, value) in _collector.Settings)
        {
            settings[name] = value;
        }
    }
}
