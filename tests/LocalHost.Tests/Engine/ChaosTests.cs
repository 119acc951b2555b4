using Yggdrasil.LocalHost.Engine;

namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class ChaosTests
{
    [Fact]
    public async Task Activity_delivered_twice_is_recorded_once()
    {
        var results = 0;
        var bothInside = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        await using var harness = await new EngineHarness
        {
            Chaos = new ChaosOptions { DeliverActivityTwice = true },
            Code = new ScriptedCode()
                .Activity("Twice", async (_, cancellation) =>
                {
                    // Both deliveries are inside at the same time, or this never goes on.
                    var result = Interlocked.Increment(ref results);
                    var both = bothInside[(result - 1) / 2];
                    if (result % 2 == 0)
                    {
                        both.SetResult();
                    }

                    await both.Task.WaitAsync(cancellation);
                    return result;
                })
                .Orchestrator("Work", async context => new[]
                {
                    await context.CallActivityAsync<int>("Twice"),
                    await context.CallActivityAsync<int>("Twice"),
                }),
        }.StartAsync();

        var output = (await harness.RunAsync("Work")).ReadOutputAs<int[]>()!;
        await harness.StopAsync();

        Assert.Equal(4, harness.Code.Runs("Twice"));
        Assert.Contains(output[0], (int[])[1, 2]);
        Assert.Contains(output[1], (int[])[3, 4]);
        Assert.Equal(["0", "1"], harness.Query("SELECT CAST(task_id AS TEXT) FROM history WHERE kind = 4 ORDER BY seq"));
    }

    [Fact]
    public async Task Next_events_are_dropped_and_later_ones_arrive()
    {
        await AssertFirstReceivedAsync(new ChaosOptions { DropNextEvents = 2 }, "third", "first", "second", "third");
    }

    [Fact]
    public async Task Every_event_is_dropped_at_rate_one()
    {
        await using var harness = await StartAsync(new ChaosOptions { DropEventRate = 1 });
        var id = await harness.ScheduleAsync("Wait");
        await harness.Client.RaiseEventAsync(id, "wake", "x");
        await harness.StopAsync();

        Assert.Empty(harness.Query("SELECT instance_id FROM inbox"));
        Assert.Empty(harness.Query("SELECT instance_id FROM history WHERE kind = 8"));
    }

    [Fact]
    public async Task Events_of_the_named_kind_are_dropped()
    {
        await using var harness = await StartAsync(new ChaosOptions { DropEventName = "WAKE" });
        var id = await harness.ScheduleAsync("Wait");

        await harness.Client.RaiseEventAsync(id, "wake", "dropped");
        await harness.Client.RaiseEventAsync(id, "other", "kept");
        await harness.StopAsync();

        Assert.Equal(
            ["other"],
            harness.Query("SELECT name FROM inbox UNION ALL SELECT name FROM history WHERE kind = 8"));
    }

    [Fact]
    public async Task Delayed_events_arrive_later_and_survive_a_restart()
    {
        var time = new SteppedTime();
        await using var harness = await StartAsync(new ChaosOptions { DelayEvent = TimeSpan.FromSeconds(5) }, time);
        var id = await harness.ScheduleAsync("Wait");
        await harness.UntilAsync(id, instance => instance.IsRunning);
        await harness.Client.RaiseEventAsync(id, "wake", "first");
        await harness.Client.RaiseEventAsync(id, "wake", "second");
        await harness.StopAsync();
        Assert.Equal(["wake", "wake"], harness.Query("SELECT name FROM timers"));

        await harness.StartAsync();
        time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("first", (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    private static async Task AssertFirstReceivedAsync(ChaosOptions chaos, string expected, params string[] raised)
    {
        await using var harness = await StartAsync(chaos);
        var id = await harness.ScheduleAsync("Wait");
        foreach (var payload in raised)
        {
            await harness.Client.RaiseEventAsync(id, "wake", payload);
        }

        Assert.Equal(expected, (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    private static Task<EngineHarness> StartAsync(ChaosOptions chaos, TimeProvider? time = null) => new EngineHarness(time)
    {
        Chaos = chaos,
        Code = new ScriptedCode().Orchestrator("Wait", async context => await context.WaitForExternalEvent<string>("wake")),
    }.StartAsync();
}
