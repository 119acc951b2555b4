using System.Net;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>A process that is killed takes nothing of its users' quotas along, and leaves nothing counted twice.</summary>
public sealed class QuotaCrashTests : IAsyncLifetime
{
    private const int Runs = 4;
    private const int TokensPerCall = 18;

    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(Settings);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Totals_after_a_kill_are_what_the_model_counted_and_every_place_is_free_again()
    {
        var gate = new Gate();
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Hang(gate, ModelReply.Text("Done.")));
        await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/crash", """{"model":"openai:scripted","tools":["calculator"]}""");
        var ids = await StartAsync();
        using var fifth = await _host.Http.PostRunAsync("crash", new { input = "Go" });

        // Each has made one call that was answered, and one that never will be.
        await _host.Model.WaitForRequestAsync(2 * Runs);
        await _host.RestartAsync(Settings);
        gate.Open();
        var runs = await Task.WhenAll(ids.Select(id => _host.Http.EndOfRunAsync(id)));

        var today = await TodayAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, fifth.StatusCode);
        Assert.All(runs, run => Assert.Equal("completed", run.Text("status")));
        Assert.Equal((_host.Model.Requests.Count - Runs) * TokensPerCall, today.GetProperty("tokens").GetInt32());
        Assert.Equal(runs.Sum(run => run.GetProperty("usage").GetProperty("totalTokens").GetInt32()), today.GetProperty("tokens").GetInt32());
        Assert.Equal(Runs, today.GetProperty("requests").GetInt32());
        Assert.Equal(Runs, (await StartAsync()).Count);
    }

    private static void Settings(Dictionary<string, string> settings)
    {
        // Short, but not so short that a busy machine loses it: an answer to a driver that has lost its lease is not recorded.
        settings["Runs__LeaseSeconds"] = "15";
        settings["Limits__ConcurrentRuns"] = $"{Runs}";
        settings["Limits__TokensPerDay"] = "1000000";
    }

    private async Task<IReadOnlyList<string>> StartAsync()
    {
        List<string> ids = [];
        for (var i = 0; i < Runs; i++)
        {
            using var accepted = await _host.Http.PostRunAsync("crash", new { input = "Go" });
            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
            ids.Add((await accepted.ReadAsync()).Text("id"));
        }

        return ids;
    }

    private async Task<JsonElement> TodayAsync()
    {
        using var response = await _host.Http.GetAsync(new Uri("/api/usage", UriKind.Relative));
        return (await response.ReadAsync()).GetProperty("today");
    }
}
