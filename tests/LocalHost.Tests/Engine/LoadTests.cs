using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class LoadTests
{
    [Fact]
    public async Task Two_hundred_instances_at_a_time_all_end_with_their_own_results()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Echo", async (input, _) =>
                {
                    await Task.Yield();
                    return input;
                })
                .Orchestrator("Busy", async context =>
                {
                    var own = context.GetInput<string>();
                    var first = await context.CallActivityAsync<string>("Echo", own);
                    var rest = await Task.WhenAll(
                        Enumerable.Range(0, 5).Select(number => context.CallActivityAsync<string>("Echo", $"{own}-{number}")));
                    await context.CreateTimer(TimeSpan.FromMilliseconds(1), CancellationToken.None);
                    var raised = await context.WaitForExternalEvent<string>("go");
                    return $"{first} {string.Join(' ', rest)} {raised}";
                }),
        }.StartAsync();

        await Parallel.ForAsync(0, 200, async (number, cancellation) =>
        {
            await harness.ScheduleAsync("Busy", $"{number}", $"busy-{number}");
            await harness.Client.RaiseEventAsync($"busy-{number}", "go", $"{number}!", cancellation);
        });

        for (var number = 0; number < 200; number++)
        {
            var end = await harness.EndAsync($"busy-{number}");
            Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
            Assert.Equal(
                $"{number} {number}-0 {number}-1 {number}-2 {number}-3 {number}-4 {number}!", end.ReadOutputAs<string>());
        }

        Assert.Equal(1200, harness.Code.Runs("Echo"));
    }
}
