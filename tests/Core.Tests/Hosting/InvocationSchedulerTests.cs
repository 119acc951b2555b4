using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Hosting;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Hosting;

public sealed class InvocationSchedulerTests
{
    private static readonly RunReference Run = new("dev!alice", "run_1");

    private readonly InvocationScheduler _scheduler = new();

    [Fact]
    public async Task Each_invocation_uses_its_own_scheduler()
    {
        var (one, other) = (new RecordingScheduler(), new RecordingScheduler());
        var bothBegun = new Barrier(2);

        await Task.WhenAll(Task.Run(() => InvokeAsync(one, "one")), Task.Run(() => InvokeAsync(other, "other")));

        Assert.Equal(["one"], one.Woken);
        Assert.Equal(["other"], other.Woken);

        Task InvokeAsync(RecordingScheduler scheduler, string instance) => InvocationScheduler.RunAsync(scheduler, async () =>
        {
            Assert.True(bothBegun.SignalAndWait(TimeSpan.FromSeconds(30)));
            await Task.Yield();
            await _scheduler.WakeAsync(instance, CancellationToken.None);
        });
    }

    [Fact]
    public async Task Everything_reaches_the_scheduler_of_the_invocation()
    {
        var bound = new RecordingScheduler();

        await InvocationScheduler.RunAsync(bound, async () =>
        {
            await _scheduler.ScheduleAsync("run", Run, CancellationToken.None);
            await _scheduler.ScheduleAsync(new BatchReference("dev!alice", "batch_1", 1), CancellationToken.None);
            await _scheduler.ScheduleCallbackAsync(new("dev!alice", "row", "message"), CancellationToken.None);
            Assert.True(await _scheduler.PurgeAsync("ended", CancellationToken.None));
            bound.IsRunning = _ => true;
            Assert.False(await _scheduler.PurgeAsync("running", CancellationToken.None));
        });

        Assert.Equal([("run", Run)], bound.Scheduled);
        Assert.Equal("batch_1", Assert.Single(bound.Batches).BatchId);
        Assert.Equal("message", Assert.Single(bound.Callbacks).MessageId);
        Assert.Equal(["ended"], bound.Purged);
    }

    [Fact]
    public async Task Work_that_outlives_its_invocation_keeps_the_scheduler()
    {
        var bound = new RecordingScheduler();
        var callerHasGone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? background = null;

        await InvocationScheduler.RunAsync(bound, () =>
        {
            background = GoOnAsync();
            return Task.CompletedTask;
        });
        await InvocationScheduler.RunAsync(new RecordingScheduler(), () =>
        {
            callerHasGone.SetResult();
            return background!;
        });

        Assert.Equal(["later"], bound.Woken);

        async Task GoOnAsync()
        {
            await callerHasGone.Task;
            await _scheduler.WakeAsync("later", CancellationToken.None);
        }
    }

    [Fact]
    public async Task Call_made_by_another_invocation_or_none_uses_the_scheduler_that_was_captured()
    {
        var (bound, other) = (new RecordingScheduler(), new RecordingScheduler());
        IRunScheduler? captured = null;
        await InvocationScheduler.RunAsync(bound, () =>
        {
            captured = _scheduler.Capture();
            return Task.CompletedTask;
        });

        await InvocationScheduler.RunAsync(other, () => captured!.WakeAsync("one", CancellationToken.None));
        await captured!.WakeAsync("two", CancellationToken.None);

        Assert.Equal(["one", "two"], bound.Woken);
        Assert.Empty(other.Woken);
    }

    [Fact]
    public async Task Without_an_invocation_that_has_one_the_exception_says_what_is_missing()
    {
        await InvocationScheduler.RunAsync(new RecordingScheduler(), () => Task.CompletedTask);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => _scheduler.WakeAsync("one", CancellationToken.None));

        Assert.Contains("[DurableClient]", failure.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => _scheduler.Capture());
    }

    [Fact]
    public void Both_seams_are_the_same_scheduler()
    {
        using var services = new ServiceCollection().AddYggdrasil(new ConfigurationBuilder().Build()).BuildServiceProvider();

        Assert.IsType<InvocationScheduler>(services.GetRequiredService<IBatchScheduler>());
        Assert.Same(services.GetRequiredService<IBatchScheduler>(), services.GetRequiredService<IRunScheduler>());
    }
}
