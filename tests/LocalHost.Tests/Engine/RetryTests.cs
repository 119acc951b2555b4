using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class RetryTests
{
    public static TheoryData<string, RetryPolicy, int[]> Policies => new()
    {
        { "constant", new RetryPolicy(4, Seconds(10)), [10, 10, 10] },
        { "doubling", new RetryPolicy(4, Seconds(10), 2), [10, 20, 40] },
        { "bounded", new RetryPolicy(5, Seconds(10), 2, Seconds(25)), [10, 20, 25, 25] },
        { "unbounded interval", new RetryPolicy(3, Seconds(10), 3, Timeout.InfiniteTimeSpan), [10, 30] },
        { "out of time", new RetryPolicy(9, Seconds(10), 1, null, Seconds(25)), [10, 10, 10] },
        { "not worth it", new RetryPolicy(9, Seconds(10)) { HandleFailure = _ => false }, [] },
        { "single attempt", new RetryPolicy(1, Seconds(10)), [] },
    };

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Failing_activity_is_tried_again_as_its_policy_says(string name, RetryPolicy policy, int[] seconds)
    {
        Assert.NotEmpty(name);
        var time = new SteppedTime();
        var attempts = new ConcurrentQueue<DateTimeOffset>();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode()
                .Activity("Fail", (_, _) =>
                {
                    attempts.Enqueue(time.GetUtcNow());
                    throw new FormatException();
                })
                .Orchestrator("Retry", async context =>
                {
                    await context.CallActivityAsync("Fail", TaskOptions.FromRetryPolicy(policy));
                    return null;
                }),
        }.StartAsync();
        var began = time.GetUtcNow();
        var id = await harness.ScheduleAsync("Retry");

        foreach (var expected in seconds)
        {
            Assert.Equal(Seconds(expected), await time.SleepAsync());
        }

        var end = await harness.EndAsync(id);
        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal(seconds.Length + 1, attempts.Count);
        Assert.Equal(began + Seconds(seconds.Sum()), attempts.Last());
    }

    [Fact]
    public async Task Activity_that_recovers_answers_normally()
    {
        var time = new SteppedTime();
        var attempts = 0;
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode()
                .Activity("Flaky", (_, _) => Interlocked.Increment(ref attempts) < 3
                    ? throw new TimeoutException()
                    : Task.FromResult<object?>("well"))
                .Orchestrator("Retry", async context => await context.CallActivityAsync<string>(
                    "Flaky", new TaskOptions(new RetryPolicy(5, Seconds(1))))),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Retry");
        await time.SleepAsync();
        await time.SleepAsync();

        var end = await harness.EndAsync(id);

        Assert.Equal("well", end.ReadOutputAs<string>());
        Assert.Equal(3, attempts);
    }

    [Theory]
    [InlineData(0, 1, 1.0, null, null)]
    [InlineData(1, 0, 1.0, null, null)]
    [InlineData(1, 1, 0.5, null, null)]
    [InlineData(1, 10, 1.0, 5, null)]
    [InlineData(1, 10, 1.0, null, 5)]
    public void Policy_that_makes_no_sense_is_refused(int attempts, int first, double backoff, int? longest, int? timeout)
        => Assert.Throws<ArgumentOutOfRangeException>(() => new RetryPolicy(
            attempts,
            Seconds(first),
            backoff,
            longest is { } most ? Seconds(most) : null,
            timeout is { } end ? Seconds(end) : null));

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);
}
