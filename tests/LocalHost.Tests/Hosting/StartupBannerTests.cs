using Microsoft.AspNetCore.Http;
using Microsoft.Azure.Functions.Worker;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Tests.Hosting;

public sealed class StartupBannerTests
{
    [Fact]
    public void Banner_says_where_to_look_and_what_to_try()
    {
        var lines = Banner(typeof(FunctionDiscoveryTests.Valid));

        Assert.Equal(
            [
                "  Listening on http://localhost:7071, http://127.0.0.1:7072. Ctrl-C stops.",
                "  API:      http://localhost:7071/openapi.json",
                "  Data:     /home/alice/.localhost; delete this folder to start afresh",
                "  Try:",
                "    curl -s -X POST http://localhost:7071/api/agents/assistant/runs -H 'Content-Type: application/json' -H 'Prefer: wait=30' "
                + """-d '{"input":"What is 17*23, and what time is it in Oslo?"}'""",
            ],
            lines);
    }

    [Fact]
    public void Banner_names_the_console_where_the_app_serves_one() =>
        Assert.Equal("  Console:  http://localhost:7071/console/", Banner(typeof(WithConsole))[1]);

    [Fact]
    public void Banner_tries_an_agent_of_the_app() => Assert.Equal(
        """    curl -s -X POST http://localhost:7071/api/agents/orders/runs -H 'Content-Type: application/json' -H 'Prefer: wait=30' -d '{"input":"Hello."}'""",
        Banner(typeof(WithConsole), "orders")[^1]);

    [Fact]
    public void Banner_of_an_app_without_agents_tries_nothing() =>
        Assert.StartsWith("  Data:", Banner(typeof(WithConsole), null)[^1], StringComparison.Ordinal);

    private static string[] Banner(Type functions, string? agent = "assistant")
    {
        using var console = new StringWriter();
        StartupBanner.Write(
            console, FunctionDiscovery.Discover([functions]), "", ["http://localhost:7071", "http://127.0.0.1:7072"], "/home/alice/.localhost", agent);
        return console.ToString().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    public sealed class WithConsole
    {
        private readonly IResult _page = Results.Text("A page.");

        [Function("Console")]
        public IResult Serve([HttpTrigger(AuthorizationLevel.Anonymous, "get", Route = "console/{*path}")] HttpRequest request) =>
            HttpMethods.IsGet(request.Method) ? _page : Results.NotFound();
    }
}
