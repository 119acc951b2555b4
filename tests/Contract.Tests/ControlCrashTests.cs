using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>What was asked of a run survives <c>kill -9</c> and wake-ups that never arrive.</summary>
public sealed class ControlCrashTests : IAsyncLifetime
{
    private static readonly string[] Post = ["http_post"];

    private KillableHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await KillableHost.StartAsync(KillableHost.ShortLease);
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = new Uri(_host.Effects.Address, request.LastUserText), body = "x" })))
            : ModelReply.Text("Done."));
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Kill_while_waiting_loses_neither_the_question_nor_a_decision_nor_a_suspension()
    {
        var approved = await WaitingAsync("/approved");
        var cancelled = await WaitingAsync("/cancelled");
        var resumed = await WaitingAsync("/resumed");
        (await SendAsync(resumed, "suspend")).Dispose();
        await _host.RestartAsync(KillableHost.ShortLease);

        var again = await _host.Http.RunUntilAsync(approved.Text("id"), _ => true);
        Assert.Equal(approved.GetProperty("pendingApprovals").GetRawText(), again.GetProperty("pendingApprovals").GetRawText());
        Assert.Equal("suspended", (await _host.Http.RunUntilAsync(resumed.Text("id"), _ => true)).Text("status"));
        await ApproveAsync(approved);
        (await SendAsync(cancelled, "cancel")).Dispose();
        (await SendAsync(resumed, "resume")).Dispose();
        await ApproveAsync(resumed);

        Assert.Equal(["completed", "cancelled", "completed"], await EndsAsync(approved, cancelled, resumed));
        Assert.Equal((1, 0, 1), (_host.Effects.Count("POST", "/approved"), _host.Effects.Count("POST", "/cancelled"), _host.Effects.Count("POST", "/resumed")));
    }

    [Fact]
    public async Task Kill_just_after_a_decision_still_makes_the_call_once()
    {
        var gate = new Gate();
        _host.Effects.RespondWith(_ => new EffectReply { Gate = gate });
        var run = await WaitingAsync("/once");
        await ApproveAsync(run);
        await gate.Reached;

        await _host.RestartAsync(KillableHost.ShortLease);
        gate.Open();

        Assert.Equal(["completed"], await EndsAsync(run));
        Assert.Equal(1, _host.Effects.Count("POST", "/once"));
    }

    [Fact]
    public async Task Kill_of_the_driver_of_a_cancelled_run_does_not_let_it_go_on()
    {
        var gate = new Gate();
        _host.Model.RespondWith(_ => ModelReply.Hang(gate));
        var run = await StartAsync("/any");
        await gate.Reached;
        var cancel = SendAsync(run, "cancel");
        await _host.RestartAsync(KillableHost.ShortLease);
        await Task.WhenAny(cancel);

        (await SendAsync(run, "cancel")).Dispose();
        var calls = _host.Model.Requests.Count;

        Assert.Equal(["cancelled"], await EndsAsync(run));
        Assert.Equal(calls, _host.Model.Requests.Count);
    }

    [Fact]
    public async Task Kill_just_after_the_start_loses_no_run()
    {
        _host.Model.RespondWith(_ => ModelReply.Text("Done."));
        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => StartAsync($"/{i}")));

        await _host.RestartAsync(KillableHost.ShortLease);

        Assert.All(await EndsAsync(runs), status => Assert.Equal("completed", status));
    }

    [Fact]
    public async Task Kill_between_two_attempts_at_a_provider_leads_to_another_attempt()
    {
        var failed = new TaskCompletionSource();
        _host.Model.RespondWith(_ =>
        {
            failed.TrySetResult();
            return ModelReply.Status(429, TimeSpan.FromSeconds(5));
        });
        var run = await StartAsync("/any");
        await failed.Task;

        await _host.RestartAsync(KillableHost.ShortLease);
        _host.Model.RespondWith(_ => ModelReply.Text("Done."));

        Assert.Equal(["completed"], await EndsAsync(run));
    }

    [Fact]
    public async Task Kill_after_the_end_changes_nothing()
    {
        var run = await StartAsync("/once", approvals: false);
        var before = await _host.Http.EndOfRunAsync(run.Text("id"));

        await _host.RestartAsync(KillableHost.ShortLease);
        var after = await _host.Http.EndOfRunAsync(run.Text("id"));
        using var cancelled = await SendAsync(run, "cancel");

        Assert.Equal(before.GetRawText(), after.GetRawText());
        Assert.Equal(HttpStatusCode.OK, cancelled.StatusCode);
        Assert.Equal((1, 2), (_host.Effects.Count("POST", "/once"), _host.Model.Requests.Count));
    }

    [Fact]
    public async Task Lost_wake_up_of_a_decision_cancel_or_resume_is_made_up_for_by_the_re_check()
    {
        await _host.RestartAsync(settings => settings["LocalHost__Chaos__DropEventRate"] = "1");
        var approved = await WaitingAsync("/approved");
        var cancelled = await WaitingAsync("/cancelled");
        var resumed = await WaitingAsync("/resumed");
        (await SendAsync(resumed, "suspend")).Dispose();

        await ApproveAsync(approved);
        await ApproveAsync(resumed);
        (await SendAsync(cancelled, "cancel")).Dispose();
        (await SendAsync(resumed, "resume")).Dispose();

        // The first re-check comes after a minute.
        Assert.Equal(["completed", "cancelled", "completed"], await EndsAsync(approved, cancelled, resumed));
        Assert.Equal((1, 0, 1), (_host.Effects.Count("POST", "/approved"), _host.Effects.Count("POST", "/cancelled"), _host.Effects.Count("POST", "/resumed")));
    }

    [Theory]
    [InlineData("expire", "expired")]
    [InlineData("deny", "completed")]
    public async Task Nobody_decides_in_time(string onExpired, string status)
    {
        await _host.RestartAsync(settings => settings["Approvals__ExpireMinutes"] = "0.05");
        var run = await WaitingAsync("/late", onExpired);

        var ended = await _host.Http.EndOfRunAsync(run.Text("id"));
        using var late = await SendAsync(run, "approvals/t1c0", Approval(run));

        Assert.Equal((status, onExpired == "expire" ? "approval_expired" : "completed"), (ended.Text("status"), ended.Text("stopReason")));
        Assert.Equal(HttpStatusCode.Conflict, late.StatusCode);
        Assert.Equal(0, _host.Effects.Count("POST", "/late"));
    }

    private async Task<JsonElement> StartAsync(string path, bool approvals = true, string onExpired = "expire")
    {
        var id = $"a{Guid.NewGuid():N}";
        var agent = JsonSerializer.Serialize(new
        {
            model = "openai:scripted", tools = Post, approvals = approvals ? Post : [], onApprovalExpired = onExpired,
        });
        (await _host.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{id}", agent)).Dispose();
        using var accepted = await _host.Http.PostRunAsync(id, new { input = path });
        return await accepted.ReadAsync();
    }

    private async Task<JsonElement> WaitingAsync(string path, string onExpired = "expire")
    {
        var run = await StartAsync(path, onExpired: onExpired);
        return await _host.Http.RunUntilAsync(run.Text("id"), run => run.Text("status") == "waiting");
    }

    private Task<HttpResponseMessage> SendAsync(JsonElement run, string action, string body = "") =>
        _host.Http.SendJsonAsync(HttpMethod.Post, $"/api/runs/{run.Text("id")}/{action}", body);

    private async Task ApproveAsync(JsonElement run)
    {
        using var decided = await SendAsync(run, "approvals/t1c0", Approval(run));
        Assert.Equal(HttpStatusCode.Accepted, decided.StatusCode);
    }

    private async Task<IEnumerable<string>> EndsAsync(params JsonElement[] runs) =>
        (await Task.WhenAll(runs.Select(run => _host.Http.EndOfRunAsync(run.Text("id"))))).Select(run => run.Text("status"));

    private static string Approval(JsonElement run) =>
        JsonSerializer.Serialize(new { decision = "approve", argumentsHash = run.GetProperty("pendingApprovals")[0].Text("argumentsHash") });
}
