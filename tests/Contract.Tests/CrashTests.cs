using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>LocalHost is killed in the middle of a run and started again over the same data.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private const string Post = "http_post";

    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(KillableHost.ShortLease);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kill_in_a_model_call_repeats_that_call_and_nothing_recorded(bool waiting)
    {
        var gate = new Gate();
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls((Post, PostArguments("one")))
            : ModelReply.Hang(gate, ModelReply.Text("Done.")));
        var runId = await StartRunAsync(waiting);

        await gate.Reached;
        await RestartAsync();
        gate.Open();
        var run = await _host.Http.EndOfRunAsync(runId);

        Assert.Equal(("completed", "Done."), (run.Text("status"), run.Text("output")));
        Assert.Equal(1, _host.Effects.Count("POST", "/one"));
        Assert.Equal(1, _host.Model.Requests.Count(request => request.ToolResults.Count == 0));
        Assert.Equal(2, run.GetProperty("usage").GetProperty("modelCalls").GetInt32());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Kill_in_a_post_never_sends_it_twice_and_tells_the_model(bool waiting)
    {
        var gate = new Gate();
        _host.Effects.RespondWith(_ => new EffectReply { Gate = gate });
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls((Post, PostArguments("two")))
            : ModelReply.Text($"Told: {request.ToolResults[0]}"));
        var runId = await StartRunAsync(waiting);

        await gate.Reached;
        await RestartAsync();
        gate.Open();
        var run = await _host.Http.EndOfRunAsync(runId);

        Assert.Contains("outcome of this call is unknown", run.Text("output"), StringComparison.Ordinal);
        Assert.Equal(1, _host.Effects.Count("POST", "/two"));
        Assert.Equal($"{runId}:t1c0", Assert.Single(_host.Effects.Requests).IdempotencyKey);
        Assert.Equal(1, _host.Model.Requests.Count(request => request.ToolResults.Count == 0));
    }

    [Fact]
    public async Task Kill_in_a_get_repeats_only_the_call_that_had_no_result()
    {
        var gate = new Gate();
        _host.Effects.RespondWith(request => request.Path == "/slow" ? new EffectReply { Gate = gate } : new EffectReply());
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_get", GetArguments("quick")), ("http_get", GetArguments("slow")))
            : ModelReply.Text("Done."));
        var runId = await StartRunAsync(waiting: false);

        await gate.Reached;
        await StepsAsync(runId, steps => steps.Any(step => step.Text("kind") == "tool"));
        await RestartAsync();
        gate.Open();
        var run = await _host.Http.EndOfRunAsync(runId);

        Assert.Equal("Done.", run.Text("output"));
        Assert.Equal((1, 2), (_host.Effects.Count("GET", "/quick"), _host.Effects.Count("GET", "/slow")));
    }

    [Fact]
    public async Task Many_kills_between_steps_end_in_one_effect_a_step()
    {
        const int Steps = 6;
        _host.Model.RespondWith(request => request.Messages.Count(message => message.Role == "tool") is var done && done < Steps
            ? ModelReply.ToolCalls((Post, PostArguments($"step{done}"))) with { Latency = TimeSpan.FromMilliseconds(100) }
            : ModelReply.Text("Done."));
        var runId = await StartRunAsync(waiting: false);

        for (var step = 2; step <= Steps; step += 2)
        {
            await _host.Effects.WaitForRequestAsync(step);
            await RestartAsync();
        }

        var run = await _host.Http.EndOfRunAsync(runId);

        Assert.Equal(("completed", "Done."), (run.Text("status"), run.Text("output")));
        for (var step = 0; step < Steps; step++)
        {
            Assert.Equal(1, _host.Effects.Count("POST", $"/step{step}"));
        }
    }

    private async Task<string> StartRunAsync(bool waiting)
    {
        await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/crash", """{"model":"openai:scripted","tools":["http_get","http_post"]}""");
        if (!waiting)
        {
            using var accepted = await _host.Http.PostRunAsync("crash", new { input = "Go" });
            return (await accepted.ReadAsync()).Text("id");
        }

        // The waiting request dies with the process; its run is found in the list.
        _ = _host.Http.PostRunAsync("crash", new { input = "Go" }, ("Prefer", "wait=60")).ContinueWith(static task => task.Exception, TaskScheduler.Default);
        await _host.Model.WaitForRequestAsync(1);
        using var list = await _host.Http.GetAsync(new Uri("/api/runs", UriKind.Relative));
        return (await list.ReadAsync()).GetProperty("items")[0].Text("id");
    }

    private Task<JsonElement> StepsAsync(string runId, Func<List<JsonElement>, bool> condition) =>
        _host.Http.UntilAsync($"/api/runs/{runId}/steps", steps => condition([.. steps.GetProperty("items").EnumerateArray()]));

    private Task RestartAsync() => _host.RestartAsync(KillableHost.ShortLease);

    private string PostArguments(string path) => JsonSerializer.Serialize(new { url = $"{_host.Effects.Address}{path}", body = "x" });

    private string GetArguments(string path) => JsonSerializer.Serialize(new { url = $"{_host.Effects.Address}{path}" });
}
