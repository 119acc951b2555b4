using System.ComponentModel;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Yggdrasil.LocalHost.Hosting;
using Yggdrasil.LocalHost.Tests.Azurite;
using Yggdrasil.Tools;

namespace Yggdrasil.LocalHost.Tests;

/// <summary>The host as an app starts it that references the package: no checkout, no host.json, no settings of its own.</summary>
[Collection(SharedAzurite.Name)]
public sealed class LocalAppTests(AzuriteFixture azurite) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task App_without_settings_has_the_demo_agent_and_the_routes_of_the_package()
    {
        await using var app = await LocalApp.StartAsync(Arguments());
        using var http = new HttpClient { BaseAddress = app.Address };

        var agent = await http.GetFromJsonAsync<JsonElement>("/api/agents/assistant");

        Assert.Equal("demo:assistant", agent.GetProperty("model").GetString());
        using var console = await http.GetAsync(new Uri("/console/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, console.StatusCode);
    }

    [Fact]
    public async Task Tools_of_the_app_are_called()
    {
        await using var app = await LocalApp.StartAsync(
            [.. Arguments(), "--Agents:own:Id=own", "--Agents:own:Model=demo:assistant", "--Agents:own:Tools:0=shout"],
            services => services.AddAgentTools<Shouting>());
        using var http = new HttpClient { BaseAddress = app.Address };
        http.DefaultRequestHeaders.Add("Prefer", "wait=30");

        using var response = await http.PostAsJsonAsync("/api/agents/own/runs", new { input = """call shout {"text":"hello"}""" });
        var run = await response.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Contains("HELLO!", run.GetProperty("output").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Functions_of_the_app_join_those_of_the_package()
    {
        var types = Product.Setup([], _ => { }, [typeof(LocalAppTests).Assembly]).FunctionTypes;

        Assert.Contains(typeof(OwnFunctions), types);
        Assert.Superset(Product.Setup([]).FunctionTypes.ToHashSet(), types.ToHashSet());
    }

    [Fact]
    public async Task What_the_person_has_to_put_right_is_an_exit_code_and_a_line()
    {
        Assert.Equal(1, await LocalApp.RunAsync([.. Arguments(), "--LocalHost:Chaos:DropEventRate=2"]));
    }

    private string[] Arguments() =>
        ["--urls=http://127.0.0.1:0", $"--LocalHost:DataPath={_folder.FullPath}/data", $"--AzureWebJobsStorage={azurite.ConnectionString}"];

    public sealed class Shouting
    {
        private readonly string _mark = "!";

        [AgentTool(Idempotent = true)]
        [Description("Writes a text in capitals.")]
        public string Shout(string text) => text.ToUpperInvariant() + _mark;
    }

    public sealed class OwnFunctions
    {
        private readonly IResult _answer = Results.Text("own");

        [Function("Own")]
        public IResult Get([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "own")] HttpRequest request) =>
            HttpMethods.IsGet(request.Method) ? _answer : Results.NotFound();
    }
}
