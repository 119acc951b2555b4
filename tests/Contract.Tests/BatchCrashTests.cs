using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>LocalHost is killed in the middle of a batch and started again over the same data.</summary>
public sealed class BatchCrashTests : IAsyncLifetime
{
    private const int Items = 200;
    private const int AtOnce = 8;

    private KillableHost _host = null!;

    public async Task InitializeAsync() => _host = await KillableHost.StartAsync(Settings);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Kills_lose_no_item_and_repeat_no_effect()
    {
        const int Kills = 3;
        _host.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = $"{_host.Effects.Address}{request.LastUserText}", body = "x" })))
            : ModelReply.Text($"Told: {request.ToolResults[0]}"));
        (await _host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/crash", """{"model":"openai:scripted","tools":["http_post"]}""")).Dispose();
        var body = JsonSerializer.Serialize(
            new { agent = "crash", items = Enumerable.Range(0, Items).Select(i => new { id = $"row-{i}", input = $"item{i}" }) });
        using var accepted = await _host.Http.SendJsonAsync(HttpMethod.Post, "/api/batches", body);
        var id = (await accepted.ReadAsync()).Text("id");

        for (var kill = 1; kill <= Kills; kill++)
        {
            await _host.Effects.WaitForRequestAsync(kill * Items / (Kills + 1));
            await _host.RestartAsync(Settings);
        }

        var batch = await EndAsync(id);
        var results = await ResultsAsync(id);

        Assert.Equal("completed", batch.Text("status"));
        Assert.Equal(Items, batch.GetProperty("counts").GetProperty("completed").GetInt32());
        Assert.Equal(Enumerable.Range(0, Items).Select(i => $"row-{i}"), results.Select(line => line.Text("id")));
        var effects = Enumerable.Range(0, Items).Select(i => _host.Effects.Count("POST", $"/item{i}")).ToList();
        Assert.All(effects, count => Assert.InRange(count, 0, 1));

        // One that was in hand at a kill may have been cut off before it was sent; its model was told that nobody knows.
        Assert.InRange(effects.Sum(), Items - (Kills * AtOnce), Items);
        Assert.All(
            results.Where((_, index) => effects[index] == 0),
            line => Assert.Contains("outcome of this call is unknown", line.Text("output"), StringComparison.Ordinal));
    }

    private static void Settings(Dictionary<string, string> settings)
    {
        KillableHost.ShortLease(settings);
        settings["Batches__ItemsAtOnce"] = $"{AtOnce}";
    }

    private Task<JsonElement> EndAsync(string id) =>
        _host.Http.UntilAsync($"/api/batches/{id}", batch => batch.Text("status") != "running");

    private async Task<List<JsonElement>> ResultsAsync(string id)
    {
        var lines = await _host.Http.GetStringAsync(new Uri($"/api/batches/{id}/results", UriKind.Relative));
        return [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }
}
