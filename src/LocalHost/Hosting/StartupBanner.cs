namespace Yggdrasil.LocalHost.Hosting;

/// <summary>What stands on the console once everything runs.</summary>
internal static class StartupBanner
{
    public static void Write(
        TextWriter console, IReadOnlyList<Function> functions, string routePrefix, IReadOnlyList<string> urls)
    {
        console.WriteLine();
        var width = functions.Select(function => function.Name.Length).DefaultIfEmpty(0).Max();
        foreach (var function in functions.OrderBy(function => function.Trigger.BindingType, StringComparer.Ordinal))
        {
            console.WriteLine($"  {function.Name.PadRight(width)}  {Describe(function.Trigger, routePrefix)}");
        }

        var url = urls.Count > 0 ? urls[0] : "";
        console.WriteLine($"""

            Listening on {string.Join(", ", urls)}. Ctrl-C stops. The console: {url}/console/. Or try:

              curl -s -X POST {url}/api/agents/assistant/runs -H 'Content-Type: application/json' -H 'Prefer: wait=30' -d '{SampleBody}'

            """);
    }

    private const string SampleBody = """{"input":"What is 17*23, and what time is it in Oslo?"}""";

    private static string Describe(Trigger trigger, string routePrefix) => trigger switch
    {
        HttpTrigger http =>
            $"{(http.Methods.Count == 0 ? "*" : string.Join(",", http.Methods.Where(verb => verb != "HEAD" || !http.Methods.Contains("GET")))),-8} /{Http.FunctionEndpoints.FullRoute(http, routePrefix)}",
        QueueTrigger queue => $"queue    {queue.QueueName}",
        TimerTrigger timer => $"timer    {timer.Schedule}",
        OrchestrationTrigger => "orchestration",
        ActivityTrigger => "activity",
        _ => trigger.BindingType,
    };
}
