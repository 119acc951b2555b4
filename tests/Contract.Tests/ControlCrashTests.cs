using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What was asked of a run survives <c>kill -9</c> and wake-ups that never arrive.</summary>
public sealed class ControlCrashTests : IAsyncLifetime
{
    private static readonly string[] Post = ["http_post"];

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-control-").FullName;
    private ScriptedModelServer _model = null!;
    private EffectServer _effects = null!;

    public async Task InitializeAsync()
    {
        _model = await ScriptedModelServer.StartAsync();
        _effects = await EffectServer.StartAsync();
        _model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = new Uri(_effects.Address, request.LastUserText), body = "x" })))
            : ModelReply.Text("Done."));
    }

    public async Task DisposeAsync()
    {
        await _model.DisposeAsync();
        await _effects.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    [Fact]
    public async Task Kill_while_waiting_loses_neither_the_question_nor_a_decision_nor_a_suspension()
    {
        var host = await StartAsync();
        var approved = await WaitingAsync(host, "/approved");
        var cancelled = await WaitingAsync(host, "/cancelled");
        var resumed = await WaitingAsync(host, "/resumed");
        (await SendAsync(host, $"/api/runs/{resumed.Text("id")}/suspend")).Dispose();
        await host.KillAsync();
        await host.DisposeAsync();

        await using var next = await StartAsync();
        var again = await next.Http.RunUntilAsync(approved.Text("id"), _ => true);
        Assert.Equal(approved.GetProperty("pendingApprovals").GetRawText(), again.GetProperty("pendingApprovals").GetRawText());
        Assert.Equal("suspended", (await next.Http.RunUntilAsync(resumed.Text("id"), _ => true)).Text("status"));
        await ApproveAsync(next, approved);
        (await SendAsync(next, $"/api/runs/{cancelled.Text("id")}/cancel")).Dispose();
        (await SendAsync(next, $"/api/runs/{resumed.Text("id")}/resume")).Dispose();
        await ApproveAsync(next, resumed);

        Assert.Equal("completed", (await next.Http.EndOfRunAsync(approved.Text("id"))).Text("status"));
        Assert.Equal("cancelled", (await next.Http.EndOfRunAsync(cancelled.Text("id"))).Text("status"));
        Assert.Equal("completed", (await next.Http.EndOfRunAsync(resumed.Text("id"))).Text("status"));
        Assert.Equal((1, 0, 1), (_effects.Count("POST", "/approved"), _effects.Count("POST", "/cancelled"), _effects.Count("POST", "/resumed")));
    }

    [Fact]
    public async Task Kill_just_after_a_decision_still_makes_the_call_once()
    {
        var gate = new Gate();
        _effects.RespondWith(_ => new EffectReply { Gate = gate });
        var host = await StartAsync();
        var run = await WaitingAsync(host, "/once");
        await ApproveAsync(host, run);
        await gate.Reached;
        await host.KillAsync();
        await host.DisposeAsync();

        await using var next = await StartAsync();
        gate.Open();
        var ended = await next.Http.EndOfRunAsync(run.Text("id"));

        Assert.Equal(("completed", 1), (ended.Text("status"), _effects.Count("POST", "/once")));
    }

    [Fact]
    public async Task Kill_of_the_driver_of_a_cancelled_run_does_not_let_it_go_on()
    {
        var gate = new Gate();
        _model.RespondWith(_ => ModelReply.Hang(gate));
        var host = await StartAsync();
        using var accepted = await host.Http.PostRunAsync("control", new { input = "Go" });
        var id = (await accepted.ReadAsync()).Text("id");
        await gate.Reached;
        var cancel = SendAsync(host, $"/api/runs/{id}/cancel");
        await host.KillAsync();
        await Task.WhenAny(cancel);
        await host.DisposeAsync();

        await using var next = await StartAsync();
        (await SendAsync(next, $"/api/runs/{id}/cancel")).Dispose();
        var calls = _model.Requests.Count;
        var ended = await next.Http.EndOfRunAsync(id);

        Assert.Equal(("cancelled", calls), (ended.Text("status"), _model.Requests.Count));
    }

    [Fact]
    public async Task Lost_wake_up_of_a_decision_cancel_or_resume_is_made_up_for_by_the_re_check()
    {
        await using var host = await StartAsync(("LocalHost__Chaos__DropEventRate", "1"));
        var approved = await WaitingAsync(host, "/approved");
        var cancelled = await WaitingAsync(host, "/cancelled");
        var resumed = await WaitingAsync(host, "/resumed");
        (await SendAsync(host, $"/api/runs/{resumed.Text("id")}/suspend")).Dispose();

        await ApproveAsync(host, approved);
        await ApproveAsync(host, resumed);
        (await SendAsync(host, $"/api/runs/{cancelled.Text("id")}/cancel")).Dispose();
        (await SendAsync(host, $"/api/runs/{resumed.Text("id")}/resume")).Dispose();

        // The first re-check comes after a minute.
        var ends = await Task.WhenAll(new[] { approved, cancelled, resumed }.Select(run => host.Http.EndOfRunAsync(run.Text("id"))));
        Assert.Equal(["completed", "cancelled", "completed"], ends.Select(run => run.Text("status")));
        Assert.Equal((1, 0, 1), (_effects.Count("POST", "/approved"), _effects.Count("POST", "/cancelled"), _effects.Count("POST", "/resumed")));
    }

    [Theory]
    [InlineData("expire", "expired")]
    [InlineData("deny", "completed")]
    public async Task Nobody_decides_in_time(string onExpired, string status)
    {
        await using var host = await StartAsync(("Approvals__ExpireMinutes", "0.05"));
        var run = await WaitingAsync(host, "/late", onExpired);

        var ended = await host.Http.EndOfRunAsync(run.Text("id"));
        using var late = await host.Http.SendJsonAsync(
            HttpMethod.Post, $"/api/runs/{run.Text("id")}/approvals/t1c0", Approval(run));

        Assert.Equal((status, onExpired == "expire" ? "approval_expired" : "completed"), (ended.Text("status"), ended.Text("stopReason")));
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Equal(0, _effects.Count("POST", "/late"));
    }

    private async Task<LocalHostProcess> StartAsync(params (string Name, string Value)[] more)
    {
        var settings = ContractFixture.Settings(_model, _effects);
        settings["Runs__LeaseSeconds"] = "3";
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        var host = await LocalHostProcess.StartAsync(_data, settings);
        (await host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/control", """{"model":"openai:scripted","tools":["http_post"]}""")).Dispose();
        return host;
    }

    private static async Task<JsonElement> WaitingAsync(LocalHostProcess host, string path, string onExpired = "expire")
    {
        var agent = JsonSerializer.Serialize(new
        {
            model = "openai:scripted", tools = Post, approvals = Post, onApprovalExpired = onExpired,
        });
        (await host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/asking", agent)).Dispose();
        using var accepted = await host.Http.PostRunAsync("asking", new { input = path });
        return await host.Http.RunUntilAsync((await accepted.ReadAsync()).Text("id"), run => run.Text("status") == "waiting");
    }

    private static Task<HttpResponseMessage> SendAsync(LocalHostProcess host, string path) => host.Http.SendJsonAsync(HttpMethod.Post, path, "");

    private static async Task ApproveAsync(LocalHostProcess host, JsonElement run)
    {
        using var decided = await host.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{run.Text("id")}/approvals/t1c0", Approval(run));
        Assert.Equal(HttpStatusCode.Accepted, decided.StatusCode);
    }

    private static string Approval(JsonElement run) =>
        JsonSerializer.Serialize(new { decision = "approve", argumentsHash = run.GetProperty("pendingApprovals")[0].Text("argumentsHash") });
}
