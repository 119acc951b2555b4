using System.Net;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Starts that storage carries out after their callers have given them up: each has a driver, whatever becomes of the process.</summary>
public sealed class LateStartTests
{
    private static readonly (string Name, string Value) Key = ("Idempotency-Key", "late-1");

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task Start_that_storage_carries_out_late_is_driven_also_by_a_process_that_was_killed_meanwhile(bool killed, bool waited)
    {
        await using var app = await StorageOutageFixture.StartAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var (agent, held) = await GiveUpAsync(app, new { input = "x", conversationId = "talk" }, waited);
        if (killed)
        {
            await app.RestartAsync();
        }

        held.Release();
        var run = await OnlyRunAsync(app);
        Assert.Equal("completed", (await app.Http.EndOfRunAsync(run)).Text("status"));

        using var next = await app.Http.PostRunAsync(agent, new { input = "y", conversationId = "talk" }, ("Prefer", "wait=60"));
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
    }

    [Fact]
    public async Task Repeat_of_a_start_that_was_carried_out_late_finds_its_run_and_has_it_driven()
    {
        await using var app = await StorageOutageFixture.StartAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var (agent, held) = await GiveUpAsync(app, new { input = "x" });
        held.Release();
        var run = await OnlyRunAsync(app);

        using var again = await app.Http.PostRunAsync(agent, new { input = "x" }, Key, ("Prefer", "wait=60"));

        var found = await again.ReadAsync();
        Assert.Equal((HttpStatusCode.OK, run, "completed"), (again.StatusCode, found.Text("id"), found.Text("status")));
    }

    [Fact]
    public async Task Late_start_past_its_deadline_is_ended_by_who_reads_it_and_frees_its_conversation()
    {
        await using var app = await StorageOutageFixture.StartAsync();
        app.Model.RespondWith(_ => ModelReply.Text("Done."));
        var (agent, held) = await GiveUpAsync(app, new { input = "x", conversationId = "talk", deadlineSeconds = 1 });

        // Storage has been silent for longer than the deadline: the caller was given up after that.
        held.Release();
        var run = await OnlyRunAsync(app);

        using var read = await app.Http.GetAsync(new Uri($"/api/runs/{run}", UriKind.Relative));
        var ended = await read.ReadAsync();
        Assert.Equal(("expired", "deadline"), (ended.Text("status"), ended.Text("stopReason")));
        using var next = await app.Http.PostRunAsync(agent, new { input = "y", conversationId = "talk" });
        Assert.Equal(HttpStatusCode.Accepted, next.StatusCode);
    }

    /// <summary>Starts a run whose transaction is held back until its caller has been answered.</summary>
    private static async Task<(string Agent, HeldRequest Held)> GiveUpAsync(StorageOutageFixture app, object body, bool waited = false)
    {
        var agent = await app.PutAgentAsync();
        var held = app.Tables.Hold(StorageProxy.IsStart);
        using var refused = await app.Http.PostRunAsync(agent, body, [Key, .. waited ? [("Prefer", "wait=60")] : Array.Empty<(string, string)>()]);
        Assert.True(held.Arrived.IsCompleted);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal("storage_unavailable", (await refused.ReadAsync()).Text("code"));
        Assert.NotNull(refused.Headers.RetryAfter);
        return (agent, held);
    }

    /// <summary>The one run there is, once it is there.</summary>
    private static async Task<string> OnlyRunAsync(StorageOutageFixture app)
    {
        var list = await app.Http.UntilAsync("/api/runs", list => list.GetProperty("items").GetArrayLength() > 0);
        return list.GetProperty("items")[0].Text("id");
    }
}
