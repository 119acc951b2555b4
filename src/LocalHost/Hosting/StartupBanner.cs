using Yggdrasil.LocalHost.Http;

namespace Yggdrasil.LocalHost.Hosting;

/// <summary>What stands on the terminal once everything runs: where to look, and a request to try.</summary>
internal static class StartupBanner
{
    private const string ConsoleRoute = "console/";
    private const string DemoAgent = "assistant";
    private const string DemoInput = "What is 17*23, and what time is it in Oslo?";

    /// <param name="agent">An agent of the configuration; null where there is none.</param>
    public static void Write(
        TextWriter console, IReadOnlyList<Function> functions, string routePrefix, IReadOnlyList<string> urls, string dataPath, string? agent)
    {
        var url = urls.Count > 0 ? urls[0] : "";
        console.WriteLine();
        console.WriteLine($"  Listening on {string.Join(", ", urls)}. Ctrl-C stops.");
        console.WriteLine();
        if (HasConsole(functions, routePrefix))
        {
            console.WriteLine($"  Console:  {url}/{ConsoleRoute}");
        }

        console.WriteLine($"""
              API:      {url}/openapi.json
              Data:     {dataPath}; delete this folder to start afresh
            """);
        if (agent is not null)
        {
            var body = $$"""{"input":"{{(agent == DemoAgent ? DemoInput : "Hello.")}}"}""";
            console.WriteLine($"""

                  Try:

                    curl -s -X POST {url}/api/agents/{agent}/runs -H 'Content-Type: application/json' -H 'Prefer: wait=30' -d '{body}'

                """);
        }
    }

    private static bool HasConsole(IEnumerable<Function> functions, string routePrefix) => functions
        .Select(function => function.Trigger).OfType<HttpTrigger>()
        .Any(http => FunctionEndpoints.FullRoute(http, routePrefix).StartsWith(ConsoleRoute, StringComparison.Ordinal));
}
