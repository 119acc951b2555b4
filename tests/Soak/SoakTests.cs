using Xunit;
using Xunit.Abstractions;

namespace Yggdrasil.Soak;

/// <summary>The soak in short, so that it keeps working; its figures come from a long one.</summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Twenty_seconds_of_faults_leave_every_run_terminal_nothing_held_and_the_use_exact()
    {
        using var log = new StringWriter();

        var result = await SoakRun.RunAsync(TimeSpan.FromSeconds(20), clients: 20, log);

        output.WriteLine(log.ToString());
        Assert.Empty(result.Problems);
        Assert.Contains(result.Runs, run => run.Status == "completed");
        Assert.True(result.TokensCounted > 0);
    }
}
