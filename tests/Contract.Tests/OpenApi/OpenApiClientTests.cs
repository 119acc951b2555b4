using System.Text.Json;
using Yggdrasil.Fixtures;

namespace Yggdrasil.Contract.Tests.OpenApi;

/// <summary>What others make of the document as it is served: a linter that has nothing to say, and clients that compile and work.</summary>
[Collection(SharedLocalHost.Name)]
public sealed class OpenApiClientTests(ContractFixture app) : IAsyncLifetime
{
    private readonly string _path = $"/{Guid.NewGuid():N}";
    private readonly string _document = Path.Combine(Path.GetTempPath(), $"openapi-{Guid.NewGuid():N}.json");

    private string Effect => new Uri(app.Effects.Address, _path).ToString();

    public async Task InitializeAsync()
    {
        await File.WriteAllBytesAsync(_document, await app.Http.GetByteArrayAsync(new Uri("/openapi.json", UriKind.Relative)));

        // A lead asks its researcher, then posts what waits for approval, then answers.
        app.Model.RespondWith(request => request switch
        {
            { Tools: [] } => ModelReply.Text("Found it."),
            { ToolResults: [] } => ModelReply.ToolCalls((request.Tools.Single(tool => tool.StartsWith("agent_", StringComparison.Ordinal)), """{"input":"Find it."}""")),
            { ToolResults: [_] } => ModelReply.ToolCalls(("http_post", JsonSerializer.Serialize(new { url = request.LastUserText, body = "x" }))),
            _ => ModelReply.Text(JsonSerializer.Serialize(new { said = request.ToolResults[0] })),
        });
    }

    public Task DisposeAsync()
    {
        File.Delete(_document);
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Linter_has_nothing_to_say()
    {
        var report = await ClientTools.NodeAsync(
            "node_modules/@redocly/cli/bin/cli.js", "lint", "--config", "redocly.yaml", "--format", "json", _document);

        var totals = JsonSerializer.Deserialize<JsonElement>(report[report.IndexOf('{', StringComparison.Ordinal)..]).GetProperty("totals");
        Assert.Equal((0, 0), (totals.GetProperty("errors").GetInt32(), totals.GetProperty("warnings").GetInt32()));
    }

    [Fact]
    public async Task Typescript_client_compiles_strictly_and_completes_a_run_with_approval_fork_and_sub_agent()
    {
        var folder = ClientTools.CopyOf("typescript");
        try
        {
            await ClientTools.NodeAsync("node_modules/openapi-typescript/bin/cli.js", _document, "--output", Path.Combine(folder, "contract.d.ts"));
            await ClientTools.NodeAsync("node_modules/typescript/bin/tsc", "--project", folder);
            var said = await ClientTools.NodeAsync(Path.Combine(folder, "built", "run.js"), app.Http.BaseAddress!.ToString(), Effect);

            AssertSaid(
                """{"decided":202,"approvedBy":"approve","status":"completed","output":"{\"said\":\"Found it.\"}","ticket":"A-17","childOfRun":true,"lastEvent":"{\"said\":\"Found it.\"}","forkOfRun":true,"forkOutput":"{\"said\":\"Found it.\"}"}""",
                said);
            Assert.Equal(1, app.Effects.Count("POST", _path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Csharp_client_compiles_and_completes_a_run_with_approval_fork_and_sub_agent()
    {
        var folder = ClientTools.CopyOf("csharp");
        try
        {
            await ClientTools.DotnetAsync("tool", "restore");
            await ClientTools.DotnetAsync(
                "kiota", "generate", "--language", "CSharp", "--openapi", _document, "--output", Path.Combine(folder, "client"),
                "--namespace-name", "Yggdrasil.Client", "--class-name", "YggdrasilClient", "--log-level", "Error",
                "--serializer", "Microsoft.Kiota.Serialization.Json.JsonSerializationWriterFactory",
                "--deserializer", "Microsoft.Kiota.Serialization.Json.JsonParseNodeFactory");
            await ClientTools.DotnetAsync("build", folder, "--nologo", "--verbosity", "quiet", "--disable-build-servers", "--output", Path.Combine(folder, "built"));
            var said = await ClientTools.DotnetAsync(Path.Combine(folder, "built", "Client.dll"), app.Http.BaseAddress!.GetLeftPart(UriPartial.Authority), Effect);

            AssertSaid(
                """{"approvedBy":"Approve","status":"Completed","output":"{\u0022said\u0022:\u0022Found it.\u0022}","ticket":"A-17","childOfRun":true,"forkOfRun":true,"forkOutput":"{\u0022said\u0022:\u0022Found it.\u0022}","refused":"not_found"}""",
                said);
            Assert.Equal(1, app.Effects.Count("POST", _path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AssertSaid(string expected, string said) => Assert.Equal(expected, said.Trim());
}
