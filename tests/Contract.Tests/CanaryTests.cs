using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests;

/// <summary>
/// Puts a canary wherever content or a secret goes in, then looks for it in every byte that is left: tables, blobs and
/// queues, the orchestrations' database, and everything written to the console.
/// </summary>
public sealed class CanaryTests : IAsyncLifetime
{
    private static readonly string[] Tools = ["calculator", "clock", "http_get", "http_post"];
    private static readonly int[] ErrorStatuses = [400, 401, 403, 429, 500];
    private static readonly (string Name, int Repeats, bool Waiting)[] Runs = [("waiting", 1, true), ("not waiting", 1, false), ("large", 5000, true)];

    private readonly string _data = Directory.CreateTempSubdirectory("yggdrasil-canary-").FullName;
    private readonly LeakSearch _search = new();
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
    [InlineData(null)]
    [InlineData("Information")]
    public async Task Nothing_that_went_through_a_run_is_left_readable(string? logLevel)
    {
        var settings = ContractFixture.Settings(_model, _effects);
        settings["Providers__openai__ApiKey"] = $"sk-{_search.Canary("API key")}";
        settings["Providers__openai__RetryAttempts"] = "0";
        settings["Providers__openai__BreakerFailures"] = "100";
        if (logLevel is not null)
        {
            settings["Logging__Console__LogLevel__Default"] = logLevel;
        }

        string output;
        var runIds = new List<string>();
        await using (var host = await LocalHostProcess.StartAsync(_data, settings))
        {
            await PutAgentAsync(host.Http);
            await RunToolsAsync(host.Http, runIds);
            await FailProvidersAsync(host.Http, runIds);
            await SendBadRequestsAsync(host.Http);
            await host.KillAsync();
            output = host.Output;
        }

        await AzuriteHasSavedAsync();

        Assert.All(runIds, runId => Assert.True(IsStored(runId), $"{runId} is not among what was searched."));
        Assert.Empty(_search.FindInFolder(_data));
        Assert.Empty(_search.Find("console", Encoding.UTF8.GetBytes(output)));
    }

    private async Task PutAgentAsync(HttpClient http)
    {
        using var response = await http.SendJsonAsync(HttpMethod.Put, "/api/agents/canary", JsonSerializer.Serialize(new
        {
            model = "openai:scripted",
            description = _search.Canary("description"),
            instructions = _search.Canary("instructions"),
            tools = Tools,
            cache = new { ttlSeconds = 3600, scope = "agent" },
        }));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    /// <summary>Runs with every tool, in which every call carries a canary, results and refusals included.</summary>
    private async Task RunToolsAsync(HttpClient http, List<string> runIds)
    {
        _effects.RespondWith(_ => new EffectReply(Body: _search.Canary($"tool result {Guid.NewGuid()}")));
        var answer = _search.Canary("answer");
        foreach (var (name, repeats, waiting) in Runs)
        {
            var calls = Calls(name);
            _model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(calls) : ModelReply.Text(answer));
            var body = new
            {
                input = string.Concat(Enumerable.Repeat(_search.Canary($"{name}: prompt"), repeats)),
                conversationId = $"c-{name.Replace(' ', '-')}",
                metadata = new Dictionary<string, string> { [_search.Canary($"{name}: metadata name")] = _search.Canary($"{name}: metadata") },
            };
            (string, string)[] headers = [("Idempotency-Key", _search.Canary($"{name}: idempotency key"))];
            using var started = await http.PostRunAsync("canary", body, waiting ? [.. headers, ("Prefer", "wait=60")] : headers);
            var run = await http.EndOfRunAsync((await started.ReadAsync()).Text("id"));
            Assert.Equal(("completed", answer), (run.Text("stopReason"), run.Text("output")));
            using var steps = await http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
            Assert.Equal(calls.Length + 3, (await steps.ReadAsync()).GetProperty("items").GetArrayLength());
            runIds.Add(run.Text("id"));
        }
    }

    private (string, string)[] Calls(string run)
    {
        string In(string place) => _search.Canary($"{run}: {place}");
        return
        [
            ("calculator", $$"""{"expression":"{{In("expression")}} + 1"}"""),
            ("clock", $$"""{"timeZone":"{{In("time zone")}}"}"""),
            ("http_get", $$"""{"url":"{{_effects.Address}}{{In("path")}}?key={{In("query")}}"}"""),
            ("http_get", $$"""{"url":"http://{{In("host")}}.example/"}"""),
            ("http_get", $$"""{"url":"{{In("no URL")}}"}"""),
            ("http_post", $$"""{"url":"{{_effects.Address}}post","body":"{{In("body")}}"}"""),
            (In("tool name"), "{}"),
            ("calculator", $$"""{"expression":"1+1","{{In("extra argument")}}":"{{In("its value")}}"}"""),
            ("calculator", $$"""{"expression":"{{In("broken JSON")}}"""),
        ];
    }

    /// <summary>Providers quote prompts and keys in the messages of their errors. Codes are names, which operators see in logs.</summary>
    private async Task FailProvidersAsync(HttpClient http, List<string> runIds)
    {
        ModelReply[] failures =
        [
            .. ErrorStatuses.Select(status => ModelReply.Status(
                status, code: $"scripted_{status}", message: _search.Canary($"error message {status}"))),
            ModelReply.Raw(_search.Canary("malformed answer")),
            ModelReply.Raw($$"""{"choices":"{{_search.Canary("answer of a wrong form")}}"}"""),
            ModelReply.Text(_search.Canary("filtered answer")) with { FinishReason = "content_filter" },
        ];
        foreach (var (index, failure) in failures.Index())
        {
            _model.RespondWith(_ => failure);
            using var response = await http.PostRunAsync(
                "canary", new { input = _search.Canary($"prompt of failure {index}") }, ("Prefer", "wait=60"));
            var run = await response.ReadAsync();
            Assert.Equal("failed", run.Text("status"));

            // The caller's own words are the caller's to read.
            var answer = JsonNode.Parse(run.GetRawText())!.AsObject();
            answer.Remove("input");
            Assert.Empty(_search.Find("answer", Encoding.UTF8.GetBytes(answer.ToJsonString())));
            runIds.Add(run.Text("id"));
        }
    }

    private async Task SendBadRequestsAsync(HttpClient http)
    {
        var path = "/api/agents/canary/runs";
        using var brokenJson = await http.SendJsonAsync(HttpMethod.Post, path, $$"""{"input":"{{_search.Canary("broken body")}}""");
        using var unknownField = await http.SendJsonAsync(HttpMethod.Post, path, $$"""{"{{_search.Canary("field")}}":1}""");
        using var token = await http.SendJsonAsync(
            HttpMethod.Get, "/api/runs", "", ("Authorization", $"Bearer {_search.Canary("bearer token")}"));
        Assert.Equal(
            [HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.Unauthorized],
            new[] { brokenJson, unknownField, token }.Select(response => response.StatusCode));
    }

    /// <summary>Azurite outlives its host for as long as it takes to save.</summary>
    private async Task AzuriteHasSavedAsync()
    {
        using var entry = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_data, "azurite", "process.json")));
        try
        {
            using var azurite = Process.GetProcessById(entry.RootElement.GetProperty("ProcessId").GetInt32());
            await azurite.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));
        }
        catch (ArgumentException)
        {
            // It has gone already.
        }
    }

    /// <summary>Shows that what is searched is what the runs left: their ids are there, and readable.</summary>
    private bool IsStored(string runId) => Directory.EnumerateFiles(_data, "*.json", SearchOption.AllDirectories)
        .Any(file => File.ReadAllText(file).Contains(runId, StringComparison.Ordinal));
}
