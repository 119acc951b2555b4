using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.LocalHost.Engine;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class ActivityTests
{
    [Fact]
    public async Task Activities_in_sequence_pass_their_results_on()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Double", (input, _) => Task.FromResult<object?>(2 * int.Parse(input!)))
                .Orchestrator("Chain", async context =>
                {
                    var once = await context.CallActivityAsync<int>("Double", context.GetInput<int>());
                    return await context.CallActivityAsync<int>("Double", once);
                }),
        }.StartAsync();

        var end = await harness.RunAsync("Chain", 5);

        Assert.Equal(OrchestrationRuntimeStatus.Completed, end.RuntimeStatus);
        Assert.Equal(20, end.ReadOutputAs<int>());
        Assert.Equal(5, end.ReadInputAs<int>());
        Assert.Equal(2, harness.Code.Runs("Double"));
    }

    [Fact]
    public async Task Fan_out_runs_side_by_side_and_fans_in_in_order()
    {
        var inside = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Meet", async (input, cancellation) =>
                {
                    // Every activity waits for all the others: this ends only if they run at the same time.
                    if (Interlocked.Increment(ref inside) == 20)
                    {
                        all.SetResult();
                    }

                    await all.Task.WaitAsync(cancellation);
                    return input;
                })
                .Orchestrator("Fan", async context => await Task.WhenAll(
                    Enumerable.Range(0, 20).Select(number => context.CallActivityAsync<string>("Meet", $"{number}")))),
        }.StartAsync();

        var end = await harness.RunAsync("Fan");

        Assert.Equal(Enumerable.Range(0, 20).Select(number => $"{number}"), end.ReadOutputAs<string[]>());
    }

    [Fact]
    public async Task No_more_activities_run_at_a_time_than_allowed()
    {
        var running = 0;
        var most = 0;
        await using var harness = await new EngineHarness
        {
            MaxConcurrentActivities = 3,
            Code = new ScriptedCode()
                .Activity("Count", async (_, _) =>
                {
                    var now = Interlocked.Increment(ref running);
                    InterlockedMax(ref most, now);
                    await Task.Yield();
                    Interlocked.Decrement(ref running);
                    return null;
                })
                .Orchestrator("Fan", async context =>
                {
                    await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => context.CallActivityAsync("Count")));
                    return null;
                }),
        }.StartAsync();

        await harness.RunAsync("Fan");

        Assert.InRange(most, 1, 3);
        Assert.Equal(50, harness.Code.Runs("Count"));
    }

    [Fact]
    public async Task Failed_activity_is_thrown_with_its_details()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Fail", (_, _) => throw new InvalidOperationException("outer", new FormatException("inner")))
                .Orchestrator("Catch", async context =>
                {
                    try
                    {
                        await context.CallActivityAsync("Fail");
                        return "no failure";
                    }
                    catch (TaskFailedException e)
                    {
                        Assert.NotNull(e.FailureDetails.StackTrace);
                        Assert.True(e.FailureDetails.IsCausedBy<InvalidOperationException>());
                        Assert.False(e.FailureDetails.IsCausedBy<FormatException>());
                        return $"{e.TaskName}#{e.TaskId} {e.FailureDetails} < {e.FailureDetails.InnerFailure}";
                    }
                }),
        }.StartAsync();

        var end = await harness.RunAsync("Catch");

        Assert.Equal(
            "Fail#0 System.InvalidOperationException: outer < System.FormatException: inner", end.ReadOutputAs<string>());
    }

    [Fact]
    public async Task Failure_that_nobody_catches_fails_the_instance()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode()
                .Activity("Fail", (_, _) => throw new InvalidOperationException("why"))
                .Orchestrator("Through", async context =>
                {
                    await context.CallActivityAsync("Fail");
                    return null;
                }),
        }.StartAsync();

        var end = await harness.RunAsync("Through");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal(typeof(TaskFailedException).FullName, end.FailureDetails!.ErrorType);
        Assert.Equal("System.InvalidOperationException: why", end.FailureDetails.InnerFailure!.ToString());
    }

    [Fact]
    public async Task Orchestrator_that_throws_fails_its_instance()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator("Throw", _ => throw new FormatException("bad")),
        }.StartAsync();

        var end = await harness.RunAsync("Throw");

        Assert.Equal(OrchestrationRuntimeStatus.Failed, end.RuntimeStatus);
        Assert.Equal("System.FormatException: bad", end.FailureDetails!.ToString());
    }

    [Fact]
    public async Task Unknown_activity_fails_at_once_even_with_retries()
    {
        await using var harness = await new EngineHarness(new SteppedTime())
        {
            Code = new ScriptedCode().Orchestrator("Call", async context =>
            {
                await context.CallActivityAsync("Nobody", new TaskOptions(new RetryPolicy(5, TimeSpan.FromHours(1))));
                return null;
            }),
        }.StartAsync();

        var end = await harness.RunAsync("Call");

        Assert.Equal(typeof(UnknownFunctionException).FullName, end.FailureDetails!.InnerFailure!.ErrorType);
        Assert.Contains("'Nobody'", end.FailureDetails.ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_orchestrator_fails_its_instance()
    {
        await using var harness = await new EngineHarness().StartAsync();

        var end = await harness.RunAsync("Nobody");

        Assert.Equal(typeof(UnknownFunctionException).FullName, end.FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task Options_given_as_input_are_refused()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator("Mistake", async context =>
            {
                object options = new TaskOptions(new RetryPolicy(2, TimeSpan.FromSeconds(1)));
                await context.CallActivityAsync<string>("A", options);
                return null;
            }),
        }.StartAsync();

        var end = await harness.RunAsync("Mistake");

        Assert.Equal(typeof(ArgumentException).FullName, end.FailureDetails!.ErrorType);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref target)) < value)
        {
            Interlocked.CompareExchange(ref target, value, seen);
        }
    }
}
