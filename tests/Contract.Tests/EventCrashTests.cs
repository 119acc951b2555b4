using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Readers of runs whose host is killed, or whose driver is another process.</summary>
public sealed class EventCrashTests : IAsyncLifetime
{
    private const string Void = "These words are void because nobody kept them.";
    private const string Answer = "One two three four five six seven eight.";

    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(KillableHost.ShortLease);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Kill_in_mid_stream_restarts_the_answer_for_who_saw_its_beginning()
    {
        var gate = new Gate();
        _host.Model.Enqueue(ModelReply.Text(Void) with { MidStreamGate = gate }, ModelReply.Text(Answer));
        var id = await StartAsync();
        List<ServerEvent> before;
        using (var live = await EventClient.OpenAsync(_host.Http, id))
        {
            before = await live.ReadUntilAsync(item => item.Type == "model.delta");
        }

        await _host.RestartAsync(KillableHost.ShortLease);
        gate.Open();
        var after = await EventClient.ReadAllAsync(_host.Http, id, before[^1].Id);
        var late = await EventClient.ReadAllAsync(_host.Http, id);

        var restarted = after.FindIndex(item => item.Type == "model.restarted");
        Assert.True(restarted >= 0, string.Join(", ", after.Select(item => item.Type)));
        Assert.Equal(1, after[restarted].Data.GetProperty("turn").GetInt32());
        Assert.DoesNotContain("void", TextOf(after.Skip(restarted)), StringComparison.Ordinal);
        Assert.Equal(["run.started", "model.completed", "run.completed"], late.Select(item => item.Type));
        Assert.Equal(late.Skip(1).Select(item => item.Text), after.Where(item => item.IsLasting).Select(item => item.Text));
        Assert.Equal(Answer, late[1].Data.Text("text"));
    }

    [Fact]
    public async Task Kill_in_the_midst_of_a_streamed_start_leaves_a_run_whose_events_go_on()
    {
        var gate = new Gate();
        _host.Model.Enqueue(ModelReply.Text(Void) with { MidStreamGate = gate }, ModelReply.Text(Answer));
        await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/crash", """{"model":"openai:scripted"}""");
        List<ServerEvent> before;
        using (var live = await EventClient.StartAsync(_host.Http, "crash", """{"input":"Go"}"""))
        {
            before = await live.ReadUntilAsync(item => item.Type == "model.delta");
        }

        var id = before[0].Data.Text("id");
        await _host.RestartAsync(KillableHost.ShortLease);
        gate.Open();
        var after = await EventClient.ReadAllAsync(_host.Http, id, before[^1].Id);
        var late = await EventClient.ReadAllAsync(_host.Http, id);

        Assert.Contains(after, item => item.Type == "model.restarted");
        Assert.Equal(["run.started", "model.completed", "run.completed"], late.Select(item => item.Type));
        Assert.Equal(late.Skip(1).Select(item => item.Text), after.Where(item => item.IsLasting).Select(item => item.Text));
        Assert.Equal(Answer, late[1].Data.Text("text"));
    }

    [Fact]
    public async Task Reader_on_another_instance_sees_text_while_it_is_said()
    {
        var gate = new Gate();
        _host.Model.Enqueue(ModelReply.Text(Answer) with { MidStreamGate = gate });
        var id = await StartAsync();
        await gate.Reached;
        await using var other = await _host.StartOtherAsync(KillableHost.ShortLease);

        using var remote = await EventClient.OpenAsync(other.Http, id);
        using var local = await EventClient.OpenAsync(_host.Http, id);
        var seenRemotely = await remote.ReadUntilAsync(item => item.Type == "model.delta");
        var seenLocally = await local.ReadUntilAsync(item => item.Type == "model.delta");
        using var moved = await EventClient.OpenAsync(_host.Http, id, seenRemotely[^1].Id);
        gate.Open();
        seenRemotely.AddRange(await remote.ReadToEndAsync());
        seenLocally.AddRange(await local.ReadToEndAsync());

        Assert.Equal(
            seenLocally.Where(item => item.IsLasting).Select(item => item.Text), seenRemotely.Where(item => item.IsLasting).Select(item => item.Text));
        Assert.StartsWith(TextOf(seenRemotely), Answer, StringComparison.Ordinal);
        Assert.Equal(
            seenLocally.SkipWhile(item => item.Id != seenRemotely.First(delta => delta.Type == "model.delta").Id).Skip(1).Select(item => item.Id),
            (await moved.ReadToEndAsync()).Select(item => item.Id));
    }

    private async Task<string> StartAsync()
    {
        await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/crash", """{"model":"openai:scripted"}""");
        using var accepted = await _host.Http.PostRunAsync("crash", new { input = "Go", stream = true });
        return (await accepted.ReadAsync()).Text("id");
    }

    private static string TextOf(IEnumerable<ServerEvent> events) =>
        string.Concat(events.Where(item => item.Type == "model.delta").Select(item => item.Data.Text("text")));
}
