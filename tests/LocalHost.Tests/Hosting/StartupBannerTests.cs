using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Tests.Hosting;

public sealed class StartupBannerTests
{
    [Fact]
    public void Banner_lists_functions_with_what_triggers_them_and_a_request_to_try()
    {
        using var console = new StringWriter();

        StartupBanner.Write(
            console, FunctionDiscovery.Discover([typeof(FunctionDiscoveryTests.Valid)]), "x", ["http://localhost:7071"]);

        var lines = console.ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.Contains("  Named    GET,POST /x/Named", lines);
        Assert.Contains("  ByQueue  queue    work", lines);
        Assert.Contains("  ByTime   timer    0 * * * * *", lines);
        Assert.Contains(lines, line => line.Contains(
            "curl -s -X POST http://localhost:7071/api/agents/assistant/runs -H 'Content-Type: application/json' -H 'Prefer: wait=30' " +
            """-d '{"input":"What is 17*23, and what time is it in Oslo?"}'""", StringComparison.Ordinal));
    }
}
