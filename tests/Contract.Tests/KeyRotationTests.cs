using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>The keys that protect content change between two starts over the same data.</summary>
public sealed class KeyRotationTests : IAsyncLifetime
{
    private readonly string _oldKey = NewKey();
    private readonly string _newKey = NewKey();
    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(Keys(_oldKey));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Content_reads_with_the_old_key_among_the_previous_ones()
    {
        var run = await FinishRunAsync();

        await RestartAsync(_newKey, _oldKey);
        using var response = await _host.Http.GetAsync(new Uri($"/api/runs/{run}", UriKind.Relative));

        Assert.Equal("Hi.", (await response.ReadAsync()).Text("output"));
    }

    [Fact]
    public async Task Without_the_old_key_reads_are_500_lists_work_and_runs_end()
    {
        var finished = await FinishRunAsync();
        var gate = new Gate();
        _host.Model.RespondWith(_ => ModelReply.Hang(gate));
        using var started = await _host.Http.PostRunAsync("assistant", new { input = "Hello" });
        var running = (await started.ReadAsync()).Text("id");
        await gate.Reached;

        await RestartAsync(_newKey);
        var ended = await EndOfRunInListAsync(running);
        using var list = await _host.Http.GetAsync(new Uri("/api/runs", UriKind.Relative));
        var shown = (await list.ReadAsync()).GetProperty("items").EnumerateArray().Single(run => run.Text("id") == finished);

        Assert.Equal(("failed", "internal_error", "content_unreadable"), (ended.Text("status"), ended.Text("stopReason"), ended.GetProperty("error").Text("code")));
        Assert.Equal(("completed", "content_unreadable"), (shown.Text("status"), shown.GetProperty("error").Text("code")));
        Assert.False(shown.TryGetProperty("output", out _));
        foreach (var path in (string[])[$"/api/runs/{finished}", $"/api/runs/{finished}/steps"])
        {
            using var response = await _host.Http.GetAsync(new Uri(path, UriKind.Relative));
            var problem = await response.ReadAsync();
            Assert.Equal((HttpStatusCode.InternalServerError, "internal_error"), (response.StatusCode, problem.Text("code")));
            Assert.DoesNotContain("Protect", problem.GetRawText(), StringComparison.OrdinalIgnoreCase);
        }

        Assert.Contains("crit:", _host.Output, StringComparison.Ordinal);
        Assert.Contains($"run!{finished}", _host.Output, StringComparison.Ordinal);
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private async Task<string> FinishRunAsync()
    {
        _host.Model.RespondWith(_ => ModelReply.Text("Hi."));
        using var response = await _host.Http.PostRunAsync("assistant", new { input = "Hello" }, ("Prefer", "wait=60"));
        var run = await response.ReadAsync();
        Assert.Equal("completed", run.Text("status"));
        return run.Text("id");
    }

    private async Task<JsonElement> EndOfRunInListAsync(string runId)
    {
        JsonElement In(JsonElement list) => list.GetProperty("items").EnumerateArray().Single(run => run.Text("id") == runId);
        return In(await _host.Http.UntilAsync("/api/runs", list => In(list).Text("status") is "completed" or "failed" or "cancelled" or "expired"));
    }

    private Task RestartAsync(string key, params string[] previous) => _host.RestartAsync(Keys(key, previous));

    private static Action<Dictionary<string, string>> Keys(string key, params string[] previous) => settings =>
    {
        KillableHost.ShortLease(settings);
        settings["Agents__0__Id"] = "assistant";
        settings["Agents__0__Model"] = "openai:scripted";
        settings["Protection__Key"] = key;
        foreach (var (index, other) in previous.Index())
        {
            settings[$"Protection__PreviousKeys__{index}"] = other;
        }
    };
}
