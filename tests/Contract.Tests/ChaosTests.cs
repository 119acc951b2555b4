using System.Text.Json;
using System.Text.RegularExpressions;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>Runs on a host that delivers every activity twice at once and loses or delays every event.</summary>
public sealed partial class ChaosTests : IAsyncLifetime
{
    private const int Runs = 6;

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-chaos-").FullName;
    private ScriptedModelServer _model = null!;
    private EffectServer _effects = null!;

    public async Task InitializeAsync()
    {
        _model = await ScriptedModelServer.StartAsync();
        _effects = await EffectServer.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await _model.DisposeAsync();
        await _effects.DisposeAsync();
        await TestFolder.DeleteAsync(_data);
    }

    [Theory]
    [InlineData("DropEventRate", "1")]
    [InlineData("DelayEvent", "00:00:02")]
    public async Task Every_step_is_recorded_and_every_effect_happens_once(string fault, string value)
    {
        var settings = ContractFixture.Settings(_model, _effects);
        settings["Runs__LeaseSeconds"] = "20";
        settings["LocalHost__Chaos__DeliverActivityTwice"] = "true";
        settings[$"LocalHost__Chaos__{fault}"] = value;
        await using var host = await LocalHostProcess.StartAsync(_data, settings);
        _model.RespondWith(request => request.ToolResults.Count < 2
            ? ModelReply.ToolCalls(("http_post", PostArguments($"{request.LastUserText}-{request.ToolResults.Count}")))
            : ModelReply.Text("Done.") with { Latency = TimeSpan.FromSeconds(1.2) });
        (await host.Http.SendJsonAsync(HttpMethod.Put, "/api/agents/chaos", """{"model":"openai:scripted","tools":["http_post"]}""")).Dispose();

        var ids = await Task.WhenAll(Enumerable.Range(0, Runs).Select(i => StartAsync(host.Http, $"run{i}", waiting: i % 2 == 0)));
        foreach (var id in ids)
        {
            var run = await host.Http.EndOfRunAsync(id);
            Assert.Equal(("completed", "Done.", 3), (run.Text("status"), run.Text("output"), run.GetProperty("turns").GetInt32()));
            Assert.Equal(2, run.GetProperty("usage").GetProperty("toolCalls").GetInt32());
            using var response = await host.Http.SendJsonAsync(HttpMethod.Get, $"/api/runs/{id}/steps", "");
            var steps = (await response.ReadAsync()).GetProperty("items").EnumerateArray().ToList();
            Assert.Equal([1, 2, 3], steps.Where(step => step.Text("kind") == "model").Select(step => step.GetProperty("turn").GetInt32()));
            Assert.Equal(2, steps.Count(step => step.Text("kind") == "tool"));
        }

        Assert.All(
            Enumerable.Range(0, Runs).SelectMany(i => new[] { $"/run{i}-0", $"/run{i}-1" }),
            path => Assert.Equal(1, _effects.Count("POST", path)));

        // A call is made again only where a driver lost its lease in the middle, which a machine that stands still for seconds can bring about.
        var lost = LeaseLost().Count(host.Output);
        Assert.InRange(_model.Requests.Count, Runs * 3, (Runs * 3) + lost);
    }

    /// <summary>A waiting request gives up before its run ends, so its run is handed over.</summary>
    private static async Task<string> StartAsync(HttpClient http, string input, bool waiting)
    {
        using var response = await http.PostRunAsync("chaos", new { input }, waiting ? [("Prefer", "wait=1")] : []);
        return (await response.ReadAsync()).Text("id");
    }

    [GeneratedRegex("the lease of epoch [0-9]+ was lost")]
    private static partial Regex LeaseLost();

    private string PostArguments(string path) => JsonSerializer.Serialize(new { url = $"{_effects.Address}{path}", body = "x" });
}
