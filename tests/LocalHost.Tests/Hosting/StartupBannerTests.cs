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
                "  API:      http://localhost:7071/openapi.json; samples/requests.http has a request of each kind",
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

    private static string[] Banner(Type functions)
    {
        using var console = new StringWriter();
        StartupBanner.Write(
            console, FunctionDiscovery.Discover([functions]), "", ["http://localhost:7071", "http://127.0.0.1:7072"], "/home/alice/.localhost");
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
