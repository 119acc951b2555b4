using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>LocalHost is killed while runs of a conversation wait, and started again over the same data.</summary>
public sealed class ConversationCrashTests : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-talk-crash-").FullName;
    private ScriptedModelServer _model = null!;
    private EffectServer _effects = null!;
    private LocalHostProcess _host = null!;

    public async Task InitializeAsync()
    {
        _model = await ScriptedModelServer.StartAsync();
        _effects = await EffectServer.StartAsync();
        _host = await StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _model.DisposeAsync();
        await _effects.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    [Fact]
    public async Task Kill_while_runs_wait_leaves_their_order_and_the_history_as_they_were()
    {
        var gate = new Gate();
        _model.RespondWith(request => request.Messages.Count == 1
            ? ModelReply.Hang(gate, ModelReply.Text("First."))
            : ModelReply.Text(string.Join(',', request.Messages.Where(message => message.Role == "user").Select(message => message.Content))));
        await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/crash", """{"model":"openai:scripted"}""");
        List<string> runs = [];
        foreach (var input in (string[])["a", "b", "c", "d"])
        {
            using var accepted = await _host.Http.PostRunAsync("crash", new { input, conversationId = "talk", onConflict = "enqueue" });
            runs.Add((await accepted.ReadAsync()).Text("id"));
        }

        await gate.Reached;
        await _host.KillAsync();
        await _host.DisposeAsync();
        _host = await StartAsync();
        gate.Open();
        List<string> outputs = [];
        foreach (var run in runs)
        {
            outputs.Add((await _host.Http.EndOfRunAsync(run)).Text("output"));
        }

        Assert.Equal(["First.", "a,b", "a,b,c", "a,b,c,d"], outputs);
    }

    private Task<LocalHostProcess> StartAsync()
    {
        var settings = ContractFixture.Settings(_model, _effects);
        settings["Runs__LeaseSeconds"] = "3";
        return LocalHostProcess.StartAsync(_data, settings);
    }
}
