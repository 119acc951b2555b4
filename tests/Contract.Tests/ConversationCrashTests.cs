using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>LocalHost is killed while runs of a conversation wait, and started again over the same data.</summary>
public sealed class ConversationCrashTests : IAsyncLifetime
{
    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(KillableHost.ShortLease);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Kill_while_runs_wait_leaves_their_order_and_the_history_as_they_were()
    {
        var gate = new Gate();
        _host.Model.RespondWith(request => request.Messages.Count == 1
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
        await _host.RestartAsync(KillableHost.ShortLease);
        gate.Open();
        List<string> outputs = [];
        foreach (var run in runs)
        {
            outputs.Add((await _host.Http.EndOfRunAsync(run)).Text("output"));
        }

        Assert.Equal(["First.", "a,b", "a,b,c", "a,b,c,d"], outputs);
    }
}
