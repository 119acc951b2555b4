using System.Text.Json;
using Yggdrasil.Contract.Tests;
using Yggdrasil.Fixtures;
using Yggdrasil.Fixtures.OpenApi;

namespace Yggdrasil.Client.Tests;

/// <summary>The npm package against the app: what its users do, over connections that are cut.</summary>
[Collection(SharedHost.Name)]
public sealed class TypeScriptTests(ClientHost host)
{
    private const string Answer = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen.";

    private static int? Bytes(int connection) => connection > 40 ? null : 1 + ((connection - 1) * 173 % 1500);

    [Fact]
    public async Task Types_are_those_of_the_contract()
    {
        var path = Path.Combine(TypeScriptPackage.Root, "src", "contract.ts");
        var generated = await TypeScriptPackage.GenerateTypesAsync(PublishedContract.Instance.ToJson());
        if (Environment.GetEnvironmentVariable("UPDATE_CLIENT") == "1")
        {
            await File.WriteAllTextAsync(path, generated);
        }

        Assert.True(generated == await File.ReadAllTextAsync(path), $"{path} is not what the contract says: UPDATE_CLIENT=1 dotnet test tests/Client.Tests --filter TypeScriptTests");
        Assert.DoesNotContain(": Record<string, never>", generated, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Streamed_start_is_one_run_whose_events_come_once()
    {
        var (agent, effects, before) = await NewAgentAsync();
        await using var proxy = new CuttingProxy(host.Address, Bytes);

        var events = await TypeScriptPackage.StepAsync("stream", proxy.Address.ToString(), agent, "dev:alice").Select(Json).ToListAsync();

        using var direct = host.NewClient();
        var run = events[^1].GetProperty("data");
        var lasting = await direct.Runs.StreamAsync(run.Text("id")).Select(item => item.EventId).ToListAsync();
        var ids = events.ConvertAll(item => item.Text("id"));
        Assert.Equal(lasting, ids.Where(lasting.Contains));
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.Equal((Answer, 1, 2), (run.Text("output"), effects(), host.Model.Requests.Count - before));
        Assert.Equal(run.Text("id"), (await direct.Runs.ListAsync(new RunFilter { Agent = agent }).SingleAsync()).Id);
        Assert.True(proxy.Cuts >= 3, $"{proxy.Cuts} cuts");
    }

    [Theory]
    [InlineData("run")]
    [InlineData("routes")]
    public async Task Waited_start_is_one_run(string step)
    {
        var (agent, effects, before) = await NewAgentAsync();
        await using var proxy = new CuttingProxy(host.Address, Bytes);

        var said = await TypeScriptPackage.StepAsync(step, proxy.Address.ToString(), agent, "dev:alice").Select(Json).SingleAsync();

        using var direct = host.NewClient();
        Assert.Equal((Answer, 1, 2), (said.Text("output"), effects(), host.Model.Requests.Count - before));
        Assert.Single(await direct.Runs.ListAsync(new RunFilter { Agent = agent }).ToListAsync());
        Assert.True(step != "routes" || said.GetProperty("listed").GetBoolean());
        Assert.True(proxy.Cuts >= 1, $"{proxy.Cuts} cuts");
    }

    [Fact]
    public async Task Decision_and_answer_of_a_tool_count_once()
    {
        var (arguments, effects) = host.NewEffect();
        host.Model.RespondWith(request => request.ToolResults.Count switch
        {
            0 => ModelReply.ToolCalls(("http_post", arguments)),
            1 => ModelReply.ToolCalls(("ask_user", "{}")),
            _ => ModelReply.Text(request.ToolResults[1]),
        });
        var agent = await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"], Approvals = ["http_post"] });
        await using var proxy = new CuttingProxy(host.Address, connection => connection % 2 == 1 ? 1 : null);

        var said = await TypeScriptPackage.StepAsync("decide", proxy.Address.ToString(), agent, "dev:alice").SingleAsync();

        Assert.Equal("""{"output":"{\"colour\":\"blue\"}","asked":["ask_user"],"steps":["input","model","tool","model","tool","model"]}""", said);
        Assert.Equal(1, effects());
    }

    [Fact]
    public async Task Refusals_are_typed_and_not_repeated()
    {
        var user = $"u{Guid.NewGuid():N}";
        using var limits = await host.Process.Http.SendJsonAsync(
            HttpMethod.Put, $"/api/users/{user}/limits", """{"requestsPerMinute":1}""", ("Authorization", "Bearer dev:root:admin"));
        host.Model.RespondWith(_ => ModelReply.Text("Done."));

        var said = await TypeScriptPackage.StepAsync("refusals", host.Address.ToString(), "assistant", $"dev:{user}").SingleAsync();

        const string Unauthenticated = """{"status":401,"code":"unauthenticated","errors":[],"retryAfter":false,"isTransient":false}""";
        Assert.Equal(
            $$"""{"key":{{Unauthenticated}},"stream":{{Unauthenticated}},"fields":{"status":400,"code":"invalid_request","errors":["maxTurns","temperature"],"retryAfter":false,"isTransient":false},"rate":{"status":429,"code":"rate_limited","errors":[],"retryAfter":true,"isTransient":true},"path":"TypeError"}""",
            said);
    }

    [Fact]
    public async Task Aborted_reader_leaves_the_run_as_it_is()
    {
        var gate = new Gate();
        host.Model.RespondWith(_ => ModelReply.Hang(gate));
        var agent = await host.PutAgentAsync();

        var said = await TypeScriptPackage.StepAsync("abort", host.Address.ToString(), agent, "dev:alice").ToListAsync();

        Assert.Matches("""^\{"reading":"AbortError","waiting":"AbortError","status":"(queued|running)"\}$""", said[0]);
        using var client = host.NewClient();
        Assert.Equal(RunStatus.Cancelled, (await client.Runs.WaitAsync(Json(said[1]).Text("id"))).Status);
    }

    [Fact]
    public async Task Callbacks_are_believed_by_their_signature()
    {
        const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G";
        const string Body = """{"type":"run.completed","timestamp":"2026-01-31T12:00:00Z","data":{"id":"run_1","status":"completed"}}""";
        async Task<string> VerifyAsync(string body, DateTimeOffset sentAt)
        {
            var headers = new Dictionary<string, string>
            {
                ["webhook-id"] = "msg_1",
                ["webhook-timestamp"] = $"{sentAt.ToUnixTimeSeconds()}",
                ["webhook-signature"] = new StandardWebhooks.StandardWebhook(Secret).Sign("msg_1", sentAt, Body),
            };
            return await TypeScriptPackage.StepAsync("verify", Secret, body, JsonSerializer.Serialize(headers)).SingleAsync();
        }

        Assert.Equal(Body, await VerifyAsync(Body, DateTimeOffset.UtcNow));
        Assert.Contains("CallbackVerificationError", await VerifyAsync(Body.Replace("run_1", "run_2", StringComparison.Ordinal), DateTimeOffset.UtcNow), StringComparison.Ordinal);
        Assert.Contains("CallbackVerificationError", await VerifyAsync(Body, DateTimeOffset.UtcNow.AddHours(-1)), StringComparison.Ordinal);
    }

    private static JsonElement Json(string line) => JsonSerializer.Deserialize<JsonElement>(line);

    private async Task<(string Agent, Func<int> Effects, int RequestsBefore)> NewAgentAsync()
    {
        var (arguments, effects) = host.NewEffect();
        host.Model.RespondWith(request => request.ToolResults.Count == 0 ? ModelReply.ToolCalls(("http_post", arguments)) : ModelReply.Text(Answer));
        return (await host.PutAgentAsync(new AgentDefinition { Model = "openai:scripted", Tools = ["http_post"] }), effects, host.Model.Requests.Count);
    }
}
