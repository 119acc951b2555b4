using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;
using Yggdrasil.Contract.Tests.OpenApi;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.McpServer;

/// <summary>Clients that others wrote: the C# client, MCP Inspector, and the protocol's own conformance suite.</summary>
[Collection(RunsHost.Name)]
public sealed class McpClientTests(ContractFixture app)
{
    private static readonly string[] Calculator = ["calculator"];
    private static readonly Dictionary<string, object?> Question = new() { ["input"] = "What is 17*23?" };

    private string Address => new Uri(app.Http.BaseAddress!, "mcp").ToString();

    [Theory]
    [InlineData("2026-07-28")]
    [InlineData("2025-11-25")]
    [InlineData("2025-06-18")]
    public async Task CSharp_client_lists_and_calls_in_every_revision(string revision)
    {
        var agent = await app.PutAgentAsync(new
        {
            model = "openai:scripted", tools = Calculator, responseSchema = new { type = "object", properties = new { total = new { type = "integer" } } },
        });
        var gate = new Gate();
        app.Model.RespondWith(request => request.ToolResults.Count == 0
            ? ModelReply.ToolCalls(("calculator", """{"expression":"17*23"}"""))
            : ModelReply.Hang(gate, ModelReply.Text("""{"total":391}""")));
        await using var client = await McpClient.CreateAsync(
            new HttpClientTransport(new HttpClientTransportOptions
            {
                Endpoint = new Uri(Address),
                TransportMode = HttpTransportMode.StreamableHttp,
                AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {app.Token("alice")}" },
            }),
            new McpClientOptions { ProtocolVersion = revision });
        var told = new Told();

        var tool = Assert.Single(await client.ListToolsAsync(), tool => tool.Name == agent);
        var calling = client.CallToolAsync(agent, Question, told);

        // Once it has the result, this client passes over progress that it has not handled yet.
        await Poll.UntilAsync(() => told.Count > 0);
        gate.Open();
        var result = await calling;

        Assert.Equal(revision, client.NegotiatedProtocolVersion);
        Assert.Equal("yggdrasil", client.ServerInfo?.Name);
        Assert.Equal("input", tool.JsonSchema.GetProperty("required")[0].GetString());
        Assert.Equal(391, result.StructuredContent!.Value.GetProperty("total").GetInt32());
        Assert.Equal("""{"total":391}""", Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text);
    }

    [Fact]
    public async Task Inspector_lists_and_calls()
    {
        var agent = await app.PutAgentAsync();
        app.Model.RespondWith(_ => ModelReply.Text("It is 391."));

        var listed = JsonElement.Parse(await InspectAsync("--method", "tools/list"));
        var called = JsonElement.Parse(await InspectAsync("--method", "tools/call", "--tool-name", agent, "--tool-arg", "input=What is 17*23?"));

        Assert.Contains(listed.GetProperty("tools").EnumerateArray(), tool => tool.Text("name") == agent);
        Assert.Equal("It is 391.", called.GetProperty("content")[0].Text("text"));
    }

    /// <remarks>The suite is written for a server of its own, whose tools, prompts and resources no other has; the file says what that rules out.</remarks>
    [Theory]
    [InlineData("2026-07-28")]
    [InlineData("2025-11-25")]
    public async Task Conformance_suite_fails_where_it_is_expected_to_and_nowhere_else(string revision)
    {
        app.Model.RespondWith(_ => ModelReply.Text("Hi."));

        var said = await ConformAsync("--suite", "all", "--spec-version", revision, "--expected-failures", ClientTools.PathOf($"mcp/expected-failures-{revision}.yml"));

        Assert.Contains("tools-list: 3 passed, 0 failed", said, StringComparison.Ordinal);
        Assert.Contains("dns-rebinding-protection: 2 passed, 0 failed", said, StringComparison.Ordinal);
    }

    /// <remarks>Of the tasks extension, the suite calls tools with arguments that no agent takes; what it asks beside that is checked here.</remarks>
    [Fact]
    public async Task Conformance_suite_finds_the_tasks_extension_and_its_gates()
    {
        var failed = await Assert.ThrowsAsync<InvalidOperationException>(() => ConformAsync("--scenario", "tasks-capability-negotiation"));

        Assert.Contains("Passed: 4/5, 1 failed, 0 warnings", failed.Message, StringComparison.Ordinal);
        Assert.Matches(@"\[tasks-per-request-meta-opt-in *\] \S*FAILURE", failed.Message);
    }

    private Task<string> InspectAsync(params string[] arguments) => ClientTools.NodeAsync(
        "node_modules/@modelcontextprotocol/inspector/cli/build/cli.js",
        ["--cli", Address, "--header", $"Authorization: Bearer {app.Token("alice")}", .. arguments]);

    private Task<string> ConformAsync(params string[] arguments) =>
        ClientTools.NodeAsync("mcp/conformance.mjs", ["server", "--url", Address, .. arguments]);

    private sealed class Told : IProgress<ProgressNotificationValue>
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Report(ProgressNotificationValue value) => Interlocked.Increment(ref _count);
    }
}
