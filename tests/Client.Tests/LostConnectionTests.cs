using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Client.Tests;

/// <summary>Connections that are cut while runs are started and followed: nothing is made twice, and nothing is lost.</summary>
[Collection(SharedHost.Name)]
public sealed class LostConnectionTests(ClientHost host)
{
    private const string Answer = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.";

    /// <summary>The first is cut with nothing said, the next ones at other places each, until the run has been told.</summary>
    private static int? Bytes(int connection) => connection > 40 ? null : 1 + ((connection - 1) * 173 % 1500);

    [Fact]
    public async Task Streamed_start_is_one_run_whose_events_come_once()
    {
        var (agent, effects, before) = await NewAgentAsync();
        await using var proxy = new CuttingProxy(host.Address, Bytes);
        using var client = host.NewClient(address: proxy.Address);

        var events = await client.Runs.StreamAsync(agent, new StartRun { Input = "Post it." }).ToListAsync();

        using var direct = host.NewClient();
        var run = Assert.IsType<RunEndedEvent>(events[^1]).Run;
        var lasting = await direct.Runs.StreamAsync(run.Id).ToListAsync();
        Assert.Equal(lasting.Where(item => item.IsLasting).Select(item => item.EventId), events.Where(item => item.IsLasting).Select(item => item.EventId));
        Assert.Equal(events.Count, events.Select(item => item.EventId).Distinct().Count());
        Assert.Equal((Answer, 1, 2), (run.Output, effects(), host.Model.Requests.Count - before));
        Assert.Equal(run.Id, (await direct.Runs.ListAsync(new RunFilter { Agent = agent }).SingleAsync()).Id);
        Assert.True(proxy.Cuts >= 3, $"{proxy.Cuts} cuts");
    }

    [Fact]
    public async Task Waited_start_is_one_run()
    {
        var (agent, effects, before) = await NewAgentAsync();
        await using var proxy = new CuttingProxy(host.Address, Bytes);
        using var client = host.NewClient(address: proxy.Address);

        var run = await client.Runs.RunAsync(agent, "Post it.");

        using var direct = host.NewClient();
        Assert.Equal((Answer, 1, 2), (run.Output, effects(), host.Model.Requests.Count - before));
        Assert.Equal(run.Id, (await direct.Runs.ListAsync(new RunFilter { Agent = agent }).SingleAsync()).Id);
        Assert.True(proxy.Cuts >= 1, $"{proxy.Cuts} cuts");
    }

    [Fact]
    public async Task Client_of_the_factory_with_the_standard_resilience_handler_does_the_same()
    {
        var (agent, effects, before) = await NewAgentAsync();
        await using var proxy = new CuttingProxy(host.Address, Bytes);
        var services = new ServiceCollection();
        services.AddYggdrasilClient(options =>
        {
            options.Address = proxy.Address;
            options.GetTokenAsync = _ => ValueTask.FromResult("dev:alice");
            options.MaxRetryAttempts = 60;
        }).AddStandardResilienceHandler();
        await using var provider = services.BuildServiceProvider();

        var client = provider.GetRequiredService<YggdrasilClient>();
        var events = await client.Runs.StreamAsync(agent, new StartRun { Input = "Post it." }).ToListAsync();
        var waited = await client.Runs.WaitAsync(Assert.IsType<RunEndedEvent>(events[^1]).Run.Id);

        Assert.Equal((Answer, 1, 2), (waited.Output, effects(), host.Model.Requests.Count - before));
        Assert.Equal(events.Count, events.Select(item => item.EventId).Distinct().Count());
        Assert.True(proxy.Cuts >= 3, $"{proxy.Cuts} cuts");
    }

    [Fact]
    public async Task Decision_and_answer_of_a_tool_count_once()
    {
        var (arguments, effects) = host.NewEffect();
        host.Model.RespondWith(request => request.ToolResults.Count switch
        {
            0 => ModelReply.ToolCalls(("http_post", arguments)),
            1 => ModelReply.ToolCalls(("ask_user", "{}")),
            _ => ModelReply.Text(request.ToolResults[1]),
        });
        var agent = await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"], Approvals = ["http_post"] });
        await using var proxy = new CuttingProxy(host.Address, connection => connection % 2 == 1 ? 1 : null);
        using var client = host.NewClient(address: proxy.Address);

        var started = await client.Runs.StartAsync(agent, new StartRun { Input = "Post it.", ClientTools = [new ClientTool { Name = "ask_user" }] });
        var waiting = await Poll.UntilAsync(() => client.Runs.GetAsync(started.Id), run => run.PendingApprovals is not null);
        await client.Approvals.ApproveAsync(started.Id, waiting.PendingApprovals![0].CallId, waiting.PendingApprovals[0].ArgumentsHash);
        var calling = await client.Runs.WaitForToolCallsAsync(started.Id);
        await client.Runs.AnswerToolCallAsync(started.Id, calling.PendingToolCalls![0].CallId, "blue");

        Assert.Equal(("blue", 1), ((await client.Runs.WaitAsync(started.Id)).Output, effects()));
        Assert.True(proxy.Cuts >= 1, $"{proxy.Cuts} cuts");
    }

    private async Task<(string Agent, Func<int> Effects, int RequestsBefore)> NewAgentAsync()
    {
        var (arguments, effects) = host.NewEffect();
        host.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("http_post", arguments)) : ModelReply.Text(Answer));
        return (await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"] }), effects, host.Model.Requests.Count);
    }
}
