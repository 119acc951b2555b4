using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>LocalHost is killed while a model corrects its answer, and while a fork goes on.</summary>
public sealed class TurnCrashTests : IAsyncLifetime
{
    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(KillableHost.ShortLease);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Kill_while_an_answer_is_mended_repeats_that_call_and_not_the_answer()
    {
        var gate = new Gate();
        _host.Model.RespondWith(request => request.Messages.Count == 1
            ? ModelReply.Text("no JSON")
            : ModelReply.Hang(gate, ModelReply.Text("""{"total":1}""")));
        var run = await StartAsync("""{"model":"openai:scripted","responseSchema":{"type":"object","required":["total"]}}""", "/api/agents/a/runs", """{"input":"Go"}""");

        await gate.Reached;
        await _host.RestartAsync(KillableHost.ShortLease);
        gate.Open();
        var ended = await _host.Http.EndOfRunAsync(run);

        Assert.Equal(("completed", 2), (ended.Text("status"), ended.GetProperty("turns").GetInt32()));
        Assert.Equal(1, ended.GetProperty("structuredOutput").GetProperty("total").GetInt32());
        Assert.Equal(1, _host.Model.Requests.Count(request => request.Messages.Count == 1));
        Assert.All(_host.Model.Requests, request => Assert.InRange(request.Messages.Count, 1, 3));
    }

    [Fact]
    public async Task Kill_while_a_fork_goes_on_repeats_neither_its_own_steps_nor_those_it_took_over()
    {
        var gate = new Gate();
        _host.Model.RespondWith(request => request.Messages.Count(message => message.Role == "tool") switch
        {
            0 => ModelReply.ToolCalls(("http_post", Post("old"))),
            1 => request.LastUserText == "Go" ? ModelReply.Text("Done.") : ModelReply.ToolCalls(("http_post", Post("new"))),
            _ => ModelReply.Hang(gate, ModelReply.Text("Done again.")),
        });
        var source = await StartAsync("""{"model":"openai:scripted","tools":["http_post"]}""", "/api/agents/a/runs", """{"input":"Go"}""");
        await _host.Http.EndOfRunAsync(source);
        var fork = await StartAsync(definition: null, $"/api/runs/{source}/fork", """{"fromTurn":3,"input":"Go on"}""");

        await gate.Reached;
        await _host.RestartAsync(KillableHost.ShortLease);
        gate.Open();
        var ended = await _host.Http.EndOfRunAsync(fork);

        Assert.Equal(("completed", "Done again.", 4), (ended.Text("status"), ended.Text("output"), ended.GetProperty("turns").GetInt32()));
        Assert.Equal((1, 1), (_host.Effects.Count("POST", "/old"), _host.Effects.Count("POST", "/new")));
        Assert.Equal(2, ended.GetProperty("usage").GetProperty("modelCalls").GetInt32());
    }

    private async Task<string> StartAsync(string? definition, string path, string body)
    {
        if (definition is not null)
        {
            await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/a", definition);
        }

        using var accepted = await _host.Http.SendJsonAsync(HttpMethod.Post, path, body);
        return (await accepted.ReadAsync()).Text("id");
    }

    private string Post(string path) => JsonSerializer.Serialize(new { url = $"{_host.Effects.Address}{path}", body = "x" });
}
