using System.Collections.Concurrent;
using DurableTask.Core.Exceptions;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Yggdrasil.LocalHost.Engine.Storage;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class CrashTests
{
    private const string Recorded =
        "SELECT CAST(task_id AS TEXT) FROM history WHERE kind = 4 UNION ALL SELECT CAST(task_id AS TEXT) FROM inbox WHERE kind = 4";

    /// <summary>
    /// Kills the engine on either side of its nth commit, for every n the run has: what the next engine finds is what a
    /// process killed at that point leaves behind.
    /// </summary>
    [Fact]
    public async Task Instance_ends_well_wherever_the_engine_dies()
    {
        var crashes = 0;
        while (await RunAndDieAtAsync(crashes + 1))
        {
            crashes++;
        }

        // Scheduling, three events, two executions of several steps, four activities, two timers: fewer points mean that
        // the probe or the scenario is broken.
        Assert.InRange(crashes, 30, 100);
    }

    [Fact]
    public async Task Crash_stops_the_engine_and_says_so_to_clients()
    {
        // Start-up and the client's own write come first; the fifth is the commit of the step.
        var crash = new Crash(at: 5);
        await using var harness = await new EngineHarness { WriteProbe = crash.Probe }.StartAsync();
        await harness.ScheduleAsync("Nobody");
        await crash.Died.WaitAsync(EngineHarness.Patience);

        // The probe is called before the engine learns of it.
        Exception? failure = null;
        while ((failure = await Record.ExceptionAsync(() => harness.Client.GetInstanceAsync("x"))) is null)
        {
            await Task.Yield();
        }

        Assert.IsType<IOException>(Assert.IsType<InvalidOperationException>(failure).InnerException);
    }

    private static async Task<bool> RunAndDieAtAsync(int point)
    {
        var crash = new Crash(point);
        var runs = new ConcurrentQueue<int>();
        await using var harness = new EngineHarness { Code = Code(runs), WriteProbe = crash.Probe };
        try
        {
            await harness.StartAsync();
            await DriveAsync(harness);
            await Task.WhenAny(crash.Died, EndsAsync(harness));
        }
        catch (Exception) when (crash.HasDied)
        {
            // The client's own write was the one that died, or found the engine dead: it tries again below.
        }

        await harness.StopAsync();
        harness.WriteProbe = null;
        var expectedRuns = RunsToCome(harness) + runs.Count;

        await harness.StartAsync();
        await DriveAsync(harness);
        var end = await harness.EndAsync("i");
        await harness.StopAsync();

        Assert.Equal("second: A, B, C", end.ReadOutputAs<string>());
        var recorded = harness.Query(Recorded);
        Assert.Equal(recorded.Distinct(), recorded);
        Assert.Equal(expectedRuns, runs.Count);
        return crash.HasDied;
    }

    /// <summary>Of three activities in each of two executions, those that have no result yet: a recorded one never runs again.</summary>
    private static int RunsToCome(EngineHarness harness) => harness.Query("SELECT status || ' ' || input FROM instances") switch
    {
        [] => 6,
        ["1 \"second\""] => 0,
        [var row] when row.EndsWith("\"first\"", StringComparison.Ordinal) => 6 - harness.Query(Recorded).Count,
        _ => 3 - harness.Query(Recorded).Count,
    };

    private static async Task EndsAsync(EngineHarness harness) => await harness.EndAsync("i");

    private static async Task DriveAsync(EngineHarness harness)
    {
        try
        {
            var once = new StartOrchestrationOptions("i").WithDedupeStatuses(
                OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed);
            await harness.Client.ScheduleNewOrchestrationInstanceAsync("Work", "first", once);
        }
        catch (OrchestrationAlreadyExistsException)
        {
            // An earlier attempt got through.
        }

        await harness.Client.RaiseEventAsync("i", "go", "x");
        await harness.Client.RaiseEventAsync("i", "go", "x");
    }

    private static ScriptedCode Code(ConcurrentQueue<int> runs)
    {
        var code = new ScriptedCode().Orchestrator("Work", async context =>
        {
            var first = await context.CallActivityAsync<string>("A");
            using var cancellation = new CancellationTokenSource();
            var deadline = context.CreateTimer(TimeSpan.FromDays(1), cancellation.Token);
            await context.CreateTimer(TimeSpan.FromMilliseconds(1), CancellationToken.None);
            var both = await Task.WhenAll(context.CallActivityAsync<string>("B"), context.CallActivityAsync<string>("C"));
            await Task.WhenAny(context.WaitForExternalEvent<string>("go"), deadline);
            Cancel(cancellation);
            var round = context.GetInput<string>();
            if (round == "first")
            {
                context.ContinueAsNew("second");
                return null;
            }

            return $"{round}: {first}, {string.Join(", ", both)}";
        });
        foreach (var name in (string[])["A", "B", "C"])
        {
            code.Activity(name, (_, _) =>
            {
                runs.Enqueue(1);
                return Task.FromResult<object?>(name);
            });
        }

        return code;
    }

    private static void Cancel(CancellationTokenSource source) => source.Cancel();

    /// <summary>From its nth call on every commit fails, like those of a process that is no more.</summary>
    private sealed class Crash(int at)
    {
        private readonly TaskCompletionSource _died = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _calls;

        public Task Died => _died.Task;

        public bool HasDied => _died.Task.IsCompleted;

        public void Probe(WritePoint point)
        {
            if (Interlocked.Increment(ref _calls) < at)
            {
                return;
            }

            _died.TrySetResult();
            throw new IOException($"Simulated crash ({point}).");
        }
    }
}
