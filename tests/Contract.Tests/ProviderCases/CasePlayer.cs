using System.Text.Json;
using System.Text.Json.Nodes;

namespace Yggdrasil.Contract.Tests.ProviderCases;

/// <summary>Plays a case: puts its agents, scripts its models, starts its runs, and then one more in each conversation.</summary>
internal sealed class CasePlayer(ProviderCaseFixture app, string name, CaseMode mode)
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "ProviderCases", "Data");

    // Case and mode share a host with the others.
    private readonly string _suffix = $"-{mode}".ToLowerInvariant();

    /// <param name="rulesRefuse">Whether the refusals in the answers are what broken rules came to, and left out here.</param>
    public async Task<CaseOutcome> PlayAsync(bool rulesRefuse)
    {
        var (request, answers) = (Read("request.json"), Read("fake-answers.json"));
        foreach (var (agent, definition) in request["agents"]!.AsObject())
        {
            app.Server.Script(agent + _suffix, Answers(answers[agent], rulesRefuse), streams: mode != CaseMode.AsRecorded);
            await PutAsync(agent, definition!["body"]!.AsObject());
        }

        // Runs of one conversation follow each other, all others go side by side.
        var runs = request["runs"]!.AsArray().Select(run => (Agent: ((string)run!["POST"]!).Split('/')[3], Body: run["body"]!.AsObject())).ToList();
        foreach (var (agent, _) in request["agents"]!.AsObject().Where(agent => runs.All(run => run.Agent != agent.Key) && !IsFallback(request, agent.Key)))
        {
            runs.Add((agent, new JsonObject { ["input"] = "What is 17*23?" }));
        }

        var outcomes = await Task.WhenAll(runs.GroupBy(run => run.Agent).Select(PlayAgentAsync));
        return new CaseOutcome(outcomes.ToDictionary(outcome => outcome.Agent, outcome => outcome.Runs), agent => app.Server.Requests(agent + _suffix));
    }

    private static bool IsFallback(JsonNode request, string agent) => request["agents"]!.AsObject()
        .Any(other => other.Value!["body"]!["fallbacks"] is JsonArray fallbacks && fallbacks.Any(model => ((string)model!).EndsWith($":{agent}", StringComparison.Ordinal)));

    private static IEnumerable<CaseAnswer> Answers(JsonNode? answers, bool rulesRefuse) => (answers?.AsArray() ?? [])
        .Select(answer => new CaseAnswer(JsonElement.Parse(answer!.ToJsonString())))
        .Where(answer => !rulesRefuse || answer.Status < 400);

    private JsonNode Read(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name, file)))!;

    private async Task PutAsync(string agent, JsonObject definition)
    {
        var body = definition.DeepClone().AsObject();
        body["model"] = (string)body["model"]! + _suffix;
        if (body["fallbacks"] is JsonArray fallbacks)
        {
            body["fallbacks"] = new JsonArray([.. fallbacks.Select(model => JsonValue.Create((string)model! + _suffix))]);
        }

        using var response = await app.Http.SendJsonAsync(HttpMethod.Put, $"/api/agents/{agent}{_suffix}", body.ToJsonString());
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task<(string Agent, List<CaseRun> Runs)> PlayAgentAsync(IGrouping<string, (string Agent, JsonObject Body)> runs)
    {
        List<CaseRun> ended = [];
        var conversation = $"{runs.Key}{_suffix}";
        foreach (var (agent, definition) in runs)
        {
            var body = definition.DeepClone().AsObject();
            body["conversationId"] = conversation;
            body["stream"] = mode == CaseMode.AsRecorded ? body["stream"]?.DeepClone() : mode == CaseMode.Streamed;
            ended.Add(await RunAsync(agent, body));
        }

        // The next turn of the same conversation, which the provider must take.
        ended.Add(await RunAsync(runs.Key, new JsonObject { ["input"] = "And once more?", ["conversationId"] = conversation }));
        return (runs.Key, ended);
    }

    private async Task<CaseRun> RunAsync(string agent, JsonObject body)
    {
        if (body["stream"] is null)
        {
            body.Remove("stream");
        }

        using var response = await app.Http.SendJsonAsync(HttpMethod.Post, $"/api/agents/{agent}{_suffix}/runs", body.ToJsonString(), ("Prefer", "wait=60"));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        var run = await app.Http.EndOfRunAsync((await response.ReadAsync()).Text("id"));
        using var steps = await app.Http.GetAsync(new Uri($"/api/runs/{run.Text("id")}/steps", UriKind.Relative));
        return new CaseRun(run, [.. (await steps.ReadAsync()).GetProperty("items").EnumerateArray()]);
    }
}
