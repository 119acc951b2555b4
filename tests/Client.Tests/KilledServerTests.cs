using System.Text.Json;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>The app is killed in the midst of a run and started again: its callers notice nothing but a pause.</summary>
public sealed class KilledServerTests : IAsyncLifetime
{
    private const string Void = "These words are void because nobody kept them.";
    private const string Answer = "One two three four five six seven eight.";

    private readonly ClientHost _host = new();
    private YggdrasilClient _client = null!;

    public async Task InitializeAsync()
    {
        await _host.InitializeAsync();
        _client = _host.NewClient();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Stream_goes_on_where_it_broke_off_and_nothing_is_made_twice()
    {
        var (arguments, effects) = _host.NewEffect();
        var gate = new Gate();
        _host.Model.Enqueue(ModelReply.ToolCalls(("http_post", arguments)), ModelReply.Text(Void) with { MidStreamGate = gate }, ModelReply.Text(Answer));
        var agent = await _host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"] });

        var events = new List<RunEvent>();
        await foreach (var item in _client.Runs.StreamAsync(agent, new StartRun { Input = "Post it." }))
        {
            if (item is ModelDeltaEvent && !events.OfType<ModelDeltaEvent>().Any())
            {
                await _host.RestartAsync();
                gate.Open();
            }

            events.Add(item);
        }

        // A reader that comes back while the second answer is written is told that the first is void; one that comes back later gets the whole text alone.
        var restarted = events.FindIndex(item => item is ModelRestartedEvent);
        Assert.All(events.Skip(restarted < 0 ? events.Count : restarted).OfType<ModelDeltaEvent>(), delta => Assert.Contains(delta.Text, Answer, StringComparison.Ordinal));
        Assert.Equal(Answer, events.OfType<ModelCompletedEvent>().Last().Text);
        Assert.Equal(
            [nameof(RunStartedEvent), nameof(ModelCompletedEvent), nameof(ToolCompletedEvent), nameof(ModelCompletedEvent), nameof(RunEndedEvent)],
            events.Where(item => item.IsLasting).Select(item => item.GetType().Name));
        Assert.Equal(events.Count, events.Select(item => item.EventId).Distinct().Count());
        Assert.Equal((Answer, 1, 3), (((RunEndedEvent)events[^1]).Run.Output, effects(), _host.Model.Requests.Count));
    }

    [Fact]
    public async Task Stream_of_the_npm_package_goes_on_where_it_broke_off_and_nothing_is_made_twice()
    {
        var (arguments, effects) = _host.NewEffect();
        var gate = new Gate();
        _host.Model.Enqueue(ModelReply.ToolCalls(("http_post", arguments)), ModelReply.Text(Void) with { MidStreamGate = gate }, ModelReply.Text(Answer));
        var agent = await _host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"] });

        var events = new List<JsonElement>();
        await foreach (var line in TypeScriptPackage.StepAsync("stream", _host.Address.ToString(), agent, "dev:alice"))
        {
            events.Add(JsonSerializer.Deserialize<JsonElement>(line));
            if (events[^1].Text("event") == "model.delta" && events.Count(item => item.Text("event") == "model.delta") == 1)
            {
                await _host.RestartAsync();
                gate.Open();
            }
        }

        Assert.Equal(
            ["run.started", "model.completed", "tool.completed", "model.completed", "run.completed"],
            events.Select(item => item.Text("event")).Where(type => type is not ("model.delta" or "model.restarted" or "tool.started")));
        Assert.Equal(events.Count, events.Select(item => item.Text("id")).Distinct().Count());
        Assert.Equal((Answer, 1, 3), (events[^1].GetProperty("data").Text("output"), effects(), _host.Model.Requests.Count));
    }

    [Fact]
    public async Task Wait_goes_on_through_the_restart()
    {
        var gate = new Gate();
        _host.Model.Enqueue(ModelReply.Hang(gate), ModelReply.Text(Answer));
        var agent = await _host.PutAgentAsync();

        var running = _client.Runs.RunAsync(agent, "Go");
        await gate.Reached;
        await _host.RestartAsync();

        Assert.Equal((Answer, 2), ((await running).EnsureCompleted().Output, _host.Model.Requests.Count));
        Assert.Single(await _client.Runs.ListAsync().ToListAsync());
    }
}
