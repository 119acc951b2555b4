using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Agents that ask agents, over HTTP, with real orchestrations and a process that is killed.</summary>
public sealed class DelegationContractTests : IAsyncLifetime
{
    private KillableHost _host = null!;
    private Func<ModelReply> _researcher = () => ModelReply.Text("Found it.");

    public async Task InitializeAsync()
    {
        _host = await KillableHost.StartAsync(KillableHost.ShortLease);
        _host.Model.RespondWith(request => request switch
        {
            { Tools: [] } => _researcher(),
            { ToolResults: [var first, ..] } => ModelReply.Text($"They say: {first}"),
            _ => ModelReply.ToolCalls([.. Enumerable.Repeat(("agent_researcher", """{"input":"Find it."}"""), int.Parse(request.LastUserText, null))]),
        });
        await PutAsync("researcher", """{"model":"openai:scripted","description":"Finds things out."}""");
        await PutAsync("lead", """{"model":"openai:scripted","tools":["agent:researcher"]}""");
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData("wait=60")]
    [InlineData("wait=0")]
    public async Task Run_answers_with_what_the_asked_agent_said_and_its_step_leads_there(string prefer)
    {
        var id = await StartAsync("1", prefer);
        var run = await _host.Http.EndOfRunAsync(id);
        var step = Assert.Single(await ToolStepsAsync(id));
        using var child = await _host.Http.GetAsync(new Uri($"/api/runs/{step.Text("childRun")}", UriKind.Relative));

        Assert.Equal(("completed", "They say: Found it."), (run.Text("status"), run.Text("output")));
        Assert.Equal(("agent_researcher", "completed", "Found it."), (step.Text("name"), step.Text("status"), step.Text("result")));
        Assert.Equal(id, (await child.ReadAsync()).GetProperty("parent").Text("runId"));
    }

    [Fact]
    public async Task Cancel_of_a_run_reaches_the_two_children_that_it_waits_for()
    {
        var id = await StartWaitingAsync(children: 2);

        using var cancelled = await _host.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{id}/cancel", "");
        var children = (await RunsAsync()).Where(run => run.Text("id") != id).ToList();

        Assert.Equal(2, children.Count);
        foreach (var child in children)
        {
            Assert.Equal("cancelled", (await _host.Http.EndOfRunAsync(child.Text("id"))).Text("status"));
        }

        Assert.Equal("cancelled", (await _host.Http.EndOfRunAsync(id)).Text("status"));
    }

    [Fact]
    public async Task Kill_while_a_run_waits_for_its_child_loses_and_repeats_neither()
    {
        var id = await StartWaitingAsync(children: 1);
        _researcher = () => ModelReply.Text("Found it after all.");

        await _host.RestartAsync(KillableHost.ShortLease);

        Assert.Equal("They say: Found it after all.", (await _host.Http.EndOfRunAsync(id)).Text("output"));
        Assert.Equal(2, (await RunsAsync()).Count);
    }

    /// <summary>A run that rests while its children ask a model that does not answer.</summary>
    private async Task<string> StartWaitingAsync(int children)
    {
        var gates = new System.Collections.Concurrent.ConcurrentQueue<Gate>();
        _researcher = () =>
        {
            var gate = new Gate();
            gates.Enqueue(gate);
            return ModelReply.Hang(gate);
        };
        var id = await StartAsync($"{children}", "wait=0");
        await Poll.UntilAsync(() => gates.Count >= children);
        await _host.Http.RunUntilAsync(id, run => run.Text("status") == "waiting");
        return id;
    }

    private async Task PutAsync(string agent, string definition)
    {
        using var put = await _host.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{agent}", definition);
        put.EnsureSuccessStatusCode();
    }

    private async Task<string> StartAsync(string input, string prefer)
    {
        using var response = await _host.Http.PostRunAsync("lead", new { input }, ("Prefer", prefer));
        return (await response.ReadAsync()).Text("id");
    }

    private async Task<IReadOnlyList<JsonElement>> RunsAsync()
    {
        using var list = await _host.Http.GetAsync(new Uri("/api/runs", UriKind.Relative));
        return [.. (await list.ReadAsync()).GetProperty("items").EnumerateArray()];
    }

    private async Task<IReadOnlyList<JsonElement>> ToolStepsAsync(string id)
    {
        using var steps = await _host.Http.GetAsync(new Uri($"/api/runs/{id}/steps", UriKind.Relative));
        return [.. (await steps.ReadAsync()).GetProperty("items").EnumerateArray().Where(step => step.Text("kind") == "tool")];
    }
}
