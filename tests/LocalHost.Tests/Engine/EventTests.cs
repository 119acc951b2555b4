namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class EventTests
{
    [Fact]
    public async Task Event_after_the_wait_is_received()
    {
        await using var harness = await new EngineHarness { Code = WaitFor("wake", 1) }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");
        await harness.UntilAsync(id, instance => instance.IsRunning);

        await harness.Client.RaiseEventAsync(id, "wake", "hello");

        Assert.Equal(["hello"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Events_before_the_wait_are_kept_in_order()
    {
        var gate = new TaskCompletionSource();
        await using var harness = await new EngineHarness
        {
            Code = WaitFor("wake", 3, "Hold").Activity("Hold", async (_, cancellation) =>
            {
                await gate.Task.WaitAsync(cancellation);
                return null;
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");
        await harness.UntilAsync(id, instance => instance.IsRunning);
        await harness.Client.RaiseEventAsync(id, "wake", "1");
        await harness.Client.RaiseEventAsync(id, "wake", "2");
        await harness.Client.RaiseEventAsync(id, "wake", "3");

        gate.SetResult();

        Assert.Equal(["1", "2", "3"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Event_names_differing_in_case_are_the_same()
    {
        await using var harness = await new EngineHarness { Code = WaitFor("Wake", 1) }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");

        await harness.Client.RaiseEventAsync(id, "wAKE", "hello");

        Assert.Equal(["hello"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Event_without_payload_is_null()
    {
        await using var harness = await new EngineHarness { Code = WaitFor("wake", 1) }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");

        await harness.Client.RaiseEventAsync(id, "wake", CancellationToken.None);

        Assert.Null(Assert.Single((await harness.EndAsync(id)).ReadOutputAs<string?[]>()!));
    }

    [Fact]
    public async Task Of_two_waits_the_newer_gets_the_event_first()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator("Two", async context =>
            {
                var older = context.WaitForExternalEvent<string>("wake");
                var newer = context.WaitForExternalEvent<string>("wake");
                var first = await newer;
                return new[] { first, await older };
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Two");

        await harness.Client.RaiseEventAsync(id, "wake", "first");
        await harness.Client.RaiseEventAsync(id, "wake", "second");

        Assert.Equal(["first", "second"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Waiting_twice_for_different_types_fails()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator("Types", context =>
            {
                _ = context.WaitForExternalEvent<string>("wake");
                _ = context.WaitForExternalEvent<int>("WAKE");
                return Task.FromResult<object?>(null);
            }),
        }.StartAsync();

        Assert.Equal(typeof(ArgumentException).FullName, (await harness.RunAsync("Types")).FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task Payload_of_another_shape_fails_the_wait()
    {
        await using var harness = await new EngineHarness
        {
            Code = new ScriptedCode().Orchestrator(
                "Number", async context => await context.WaitForExternalEvent<int>("wake")),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Number");

        await harness.Client.RaiseEventAsync(id, "wake", "no number");

        Assert.Equal("System.Text.Json.JsonException", (await harness.EndAsync(id)).FailureDetails!.ErrorType);
    }

    [Fact]
    public async Task Wait_with_timeout_is_cancelled_when_nothing_comes()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time) { Code = WaitOneMinute() }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");

        Assert.Equal(TimeSpan.FromMinutes(1), await time.SleepAsync());

        Assert.Equal("nothing", (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Wait_with_timeout_ends_with_its_event_and_leaves_no_timer()
    {
        await using var harness = await new EngineHarness(new SteppedTime()) { Code = WaitOneMinute() }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");

        await harness.Client.RaiseEventAsync(id, "wake", "something");

        Assert.Equal("something", (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Loop_over_event_or_timer_with_one_kept_wait_loses_no_event()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Activity("Check").Orchestrator("Park", async context =>
            {
                var seen = new List<string>();
                var wake = context.WaitForExternalEvent<string>("wake");
                while (seen.Count(item => item != "timer") < 2)
                {
                    using var cancellation = new CancellationTokenSource();
                    var timer = context.CreateTimer(TimeSpan.FromMinutes(1), cancellation.Token);
                    if (await Task.WhenAny(wake, timer) == wake)
                    {
                        Cancel(cancellation);
                        seen.Add(await wake);
                        wake = context.WaitForExternalEvent<string>("wake");
                    }
                    else
                    {
                        seen.Add("timer");
                    }

                    await context.CallActivityAsync("Check");
                }

                return seen;
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Park");
        await time.SleepAsync();
        await time.SleepAsync();
        await time.FallAsleepAsync();
        await harness.Client.RaiseEventAsync(id, "wake", "one");
        await harness.Client.RaiseEventAsync(id, "wake", "two");

        Assert.Equal(["timer", "timer", "one", "two"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Events_raised_while_the_engine_was_down_for_others_are_received_after_a_restart()
    {
        await using var harness = await new EngineHarness { Code = WaitFor("wake", 2) }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");
        await harness.Client.RaiseEventAsync(id, "wake", "before");
        await harness.StopAsync();

        await harness.StartAsync();
        await harness.Client.RaiseEventAsync(id, "wake", "after");

        Assert.Equal(["before", "after"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Raising_to_nobody_says_nothing()
    {
        await using var harness = await new EngineHarness { Code = WaitFor("wake", 0) }.StartAsync();
        var ended = await harness.RunAsync("Wait");

        await harness.Client.RaiseEventAsync("no-such-instance", "wake");
        await harness.Client.RaiseEventAsync(ended.InstanceId, "wake");

        await harness.StopAsync();
        Assert.Empty(harness.Query("SELECT instance_id FROM inbox"));
    }

    private static ScriptedCode WaitFor(string name, int times, string? activityBefore = null)
        => new ScriptedCode().Orchestrator("Wait", async context =>
        {
            if (activityBefore is not null)
            {
                await context.CallActivityAsync(activityBefore);
            }

            var received = new List<string?>();
            while (received.Count < times)
            {
                received.Add(await context.WaitForExternalEvent<string?>(name));
            }

            return received;
        });

    private static ScriptedCode WaitOneMinute() => new ScriptedCode().Orchestrator("Wait", async context =>
    {
        try
        {
            return await context.WaitForExternalEvent<string>("wake", TimeSpan.FromMinutes(1));
        }
        catch (OperationCanceledException)
        {
            return "nothing";
        }
    });

    private static void Cancel(CancellationTokenSource source) => source.Cancel();
}
