namespace Yggdrasil.LocalHost.Tests.Engine;

public sealed class TimerTests
{
    [Fact]
    public async Task Timer_fires_when_due_and_moves_the_orchestrators_clock()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Orchestrator("Wait", async context =>
            {
                var before = context.CurrentUtcDateTime;
                await context.CreateTimer(TimeSpan.FromHours(3), CancellationToken.None);
                return context.CurrentUtcDateTime - before;
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");

        Assert.Equal(TimeSpan.FromHours(3), await time.SleepAsync());

        Assert.Equal(TimeSpan.FromHours(3), (await harness.EndAsync(id)).ReadOutputAs<TimeSpan>());
    }

    [Fact]
    public async Task Timer_in_the_past_fires_at_once()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Orchestrator("Late", async context =>
            {
                await context.CreateTimer(context.CurrentUtcDateTime.AddDays(-1), CancellationToken.None);
                return "on time";
            }),
        }.StartAsync();

        Assert.Equal("on time", (await harness.RunAsync("Late")).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Timers_fire_in_the_order_of_their_due_times()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Orchestrator("Two", async context =>
            {
                var order = new List<string>();
                async Task FireAsync(string name, int minutes)
                {
                    await context.CreateTimer(TimeSpan.FromMinutes(minutes), CancellationToken.None);
                    order.Add(name);
                }

                await Task.WhenAll(FireAsync("second", 20), FireAsync("first", 10));
                return order;
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Two");

        Assert.Equal(TimeSpan.FromMinutes(20), await time.FallAsleepAsync());
        Assert.Equal(TimeSpan.FromMinutes(10), await time.SleepAsync());
        Assert.Equal(TimeSpan.FromMinutes(10), await time.SleepAsync());

        Assert.Equal(["first", "second"], (await harness.EndAsync(id)).ReadOutputAs<string[]>()!);
    }

    [Fact]
    public async Task Cancelled_timer_lets_the_instance_end_and_is_removed()
    {
        await using var harness = await new EngineHarness(new SteppedTime())
        {
            Code = new ScriptedCode()
                .Activity("A")
                .Orchestrator("Cancel", async context =>
                {
                    using var cancellation = new CancellationTokenSource();
                    var timer = context.CreateTimer(TimeSpan.FromDays(9), cancellation.Token);
                    await context.CallActivityAsync("A");
                    Cancel(cancellation);
                    await Assert.ThrowsAsync<TaskCanceledException>(() => timer);
                    await context.CallActivityAsync("A");
                    return "done";
                }),
        }.StartAsync();

        Assert.Equal("done", (await harness.RunAsync("Cancel")).ReadOutputAs<string>());

        await harness.StopAsync();
        Assert.Empty(harness.Query("SELECT CAST(id AS TEXT) FROM timers"));
    }

    [Fact]
    public async Task Timer_cancelled_before_it_exists_is_never_stored()
    {
        await using var harness = await new EngineHarness(new SteppedTime())
        {
            Code = new ScriptedCode().Orchestrator("Cancelled", async context =>
            {
                await Assert.ThrowsAsync<TaskCanceledException>(
                    () => context.CreateTimer(TimeSpan.FromDays(9), new CancellationToken(true)));
                return await context.WaitForExternalEvent<string>("go");
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Cancelled");
        await harness.UntilAsync(id, instance => instance.IsRunning);
        await harness.StopAsync();

        Assert.Empty(harness.Query("SELECT CAST(id AS TEXT) FROM timers"));

        await harness.StartAsync();
        await harness.Client.RaiseEventAsync(id, "go", "went");
        Assert.Equal("went", (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    [Fact]
    public async Task Timer_left_open_keeps_the_instance_running_until_it_fires()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Orchestrator("Forget", context =>
            {
                var forgotten = context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
                return Task.FromResult<object?>(forgotten.IsCompleted);
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Forget");

        await harness.UntilAsync(id, instance => instance.IsRunning);
        await time.SleepAsync();

        Assert.False((await harness.EndAsync(id)).ReadOutputAs<bool>());
    }

    [Fact]
    public async Task Timer_set_before_a_restart_fires_after_it()
    {
        var time = new SteppedTime();
        await using var harness = await new EngineHarness(time)
        {
            Code = new ScriptedCode().Orchestrator("Wait", async context =>
            {
                await context.CreateTimer(TimeSpan.FromHours(1), CancellationToken.None);
                return "fired";
            }),
        }.StartAsync();
        var id = await harness.ScheduleAsync("Wait");
        await harness.UntilAsync(id, instance => instance.IsRunning);
        await harness.StopAsync();
        time.Advance(TimeSpan.FromHours(2));

        await harness.StartAsync();

        Assert.Equal("fired", (await harness.EndAsync(id)).ReadOutputAs<string>());
    }

    // An orchestrator cancels in place: CancelAsync would leave its thread.
    private static void Cancel(CancellationTokenSource source) => source.Cancel();
}
