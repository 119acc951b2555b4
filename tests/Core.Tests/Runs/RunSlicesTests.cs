using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Hosting;
using Yggdrasil.Identity;
using Yggdrasil.Models.Failures;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>Runs as activities drive them: with a place of their owner's share, of a user who is enabled.</summary>
[Collection(RunsAzurite.Name)]
public sealed class RunSlicesTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Slice_without_a_slot_gives_its_activity_back_and_is_called_when_there_is_one()
    {
        var (asked, answers) = (0, new TaskCompletionSource());
        var models = new ScriptedModels(async _ =>
        {
            Interlocked.Increment(ref asked);
            await answers.Task;
            return Response(new TextContent("Done."));
        });
        var worker = new DriverFixture(azurite, models, new TestTools(), _owner);
        var most = worker.ActivityOptions.PerOwner;
        var runs = await Task.WhenAll(Enumerable.Range(0, most + 30).Select(_ => worker.StartAsync()));

        var slices = runs.Select(run => AdvanceAsync(worker, run)).ToList();
        await Poll.UntilAsync(() => asked == most && slices.Count(slice => slice.IsCompleted) == 30);
        var parked = await Task.WhenAll(slices.Where(slice => slice.IsCompleted));
        Assert.All(parked, outcome => Assert.Equal((SliceEnd.Parked, true), (outcome.End, outcome.MayRepeat)));
        Assert.Empty(worker.Scheduler.Woken);
        answers.SetResult();
        await Task.WhenAll(slices);

        // As many as there are places; each of them that comes back and leaves calls the next.
        Assert.Equal(30, worker.Scheduler.Woken.Distinct().Count());
        var called = worker.Scheduler.Woken.First();
        Assert.Equal(SliceEnd.Finished, (await AdvanceAsync(worker, runs.Single(run => run.Driver == called))).End);
    }

    [Fact]
    public async Task Slice_of_another_owner_finds_a_slot_meanwhile()
    {
        var answers = new TaskCompletionSource();
        var hanging = new ScriptedModels(async _ => { await answers.Task; return Response(new TextContent("Late.")); });
        var worker = new DriverFixture(azurite, hanging, new TestTools(), _owner);
        var runs = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => worker.StartAsync()));
        var slices = runs.Select(run => AdvanceAsync(worker, run)).ToList();
        await Poll.UntilAsync(() => slices.Exists(slice => slice.IsCompleted));

        var other = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), DriverFixture.NewOwner());
        var run = await other.StartAsync();
        var shared = new RunSlices(other.Driver, other.Store, worker.Activities, other.Disabled, other.Scheduler, other.Time);
        var outcome = await shared.AdvanceAsync(other.Reference(run), run.Driver, CancellationToken.None);

        Assert.Equal(SliceEnd.Finished, outcome.End);
        answers.SetResult();
        await Task.WhenAll(slices);
    }

    /// <summary>A place may become free by a request that has no scheduler, or another one.</summary>
    [Fact]
    public async Task Run_without_a_slot_is_called_by_the_scheduler_of_its_own_invocation()
    {
        var answers = new TaskCompletionSource();
        var models = new ScriptedModels(async _ => { await answers.Task; return Response(new TextContent("Late.")); });
        var worker = new DriverFixture(azurite, models, new TestTools(), _owner);
        var slices = new RunSlices(worker.Driver, worker.Store, worker.Activities, worker.Disabled, new InvocationScheduler(), worker.Time);
        var runs = await Task.WhenAll(Enumerable.Range(0, worker.ActivityOptions.PerOwner).Select(_ => worker.StartAsync()));
        var (busy, parked) = (new RecordingScheduler(), new RecordingScheduler());
        var late = await worker.StartAsync();
        var inUse = runs.Select(run => InvocationScheduler.RunAsync(busy, () => slices.AdvanceAsync(worker.Reference(run), run.Driver, CancellationToken.None))).ToList();
        await InvocationScheduler.RunAsync(parked, async () =>
            Assert.Equal(SliceEnd.Parked, (await slices.AdvanceAsync(worker.Reference(late), late.Driver, CancellationToken.None)).End));

        answers.SetResult();
        await Task.WhenAll(inUse);

        Assert.Equal([late.Driver], parked.Woken);
        Assert.Empty(busy.Woken);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_that_is_to_end_needs_no_slot(bool isCancelled)
    {
        var (answers, asked) = (new TaskCompletionSource(), 0);
        var models = new ScriptedModels(async _ => { Interlocked.Increment(ref asked); await answers.Task; return Response(new TextContent("Late.")); });
        var worker = new DriverFixture(azurite, models, new TestTools(), _owner);
        var runs = await Task.WhenAll(Enumerable.Range(0, worker.ActivityOptions.PerOwner).Select(_ => worker.StartAsync()));
        var slices = runs.Select(run => AdvanceAsync(worker, run)).ToList();
        await Poll.UntilAsync(() => asked == runs.Length);
        var late = await worker.StartAsync(run => isCancelled ? run : run with { Deadline = run.CreatedAt });
        if (isCancelled)
        {
            await worker.Store.RequestCancelAsync(_owner.Partition, late.Id, CancellationToken.None);
        }

        Assert.Equal(SliceEnd.Finished, (await AdvanceAsync(worker, late)).End);

        Assert.Equal(isCancelled ? StopReason.Cancelled : StopReason.Deadline, (await worker.LoadAsync(late)).Run.StopReason);
        answers.SetResult();
        await Task.WhenAll(slices);
    }

    [Fact]
    public async Task Runs_of_a_disabled_user_stay_and_all_are_called_once_one_finds_the_user_enabled()
    {
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner);
        var runs = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => worker.StartAsync()));
        await worker.Quotas.Store.DisableAsync(_owner, "root", worker.Time.GetUtcNow(), CancellationToken.None);
        worker.Quotas.Users.Forget(_owner);

        var held = await Task.WhenAll(runs.Select(run => AdvanceAsync(worker, run)));
        Assert.All(held, outcome => Assert.Equal((SliceEnd.Parked, true), (outcome.End, outcome.MayRepeat)));
        Assert.All(runs, run => Assert.Equal(0, run.Epoch));
        Assert.Empty(worker.Scheduler.Woken);
        await worker.Quotas.Store.EnableAsync(_owner, CancellationToken.None);
        worker.Quotas.Users.Forget(_owner);
        Assert.Equal(SliceEnd.Finished, (await AdvanceAsync(worker, runs[0])).End);

        Assert.Equal(runs.Skip(1).Select(run => run.Driver).Order(), worker.Scheduler.Woken.Order());
        Assert.Equal(SliceEnd.Finished, (await AdvanceAsync(worker, runs[1])).End);
    }

    [Fact]
    public async Task Slice_of_a_user_who_is_disabled_meanwhile_ends_after_its_step()
    {
        var asked = new TaskCompletionSource();
        var models = new ScriptedModels(async _ =>
        {
            asked.TrySetResult();
            await Task.Delay(TimeSpan.FromMilliseconds(200));
            return await Calls(("echo", new { text = "a" }))([]);
        });
        var worker = new DriverFixture(azurite, models, new TestTools(), _owner, new RunOptions { SliceSeconds = 600 });
        worker.Agent = worker.Agent with { MaxTurns = 1000, MaxToolCalls = 1000 };
        var run = await worker.StartAsync();
        var slice = AdvanceAsync(worker, run);
        await asked.Task;

        await worker.Quotas.Store.DisableAsync(_owner, "root", worker.Time.GetUtcNow(), CancellationToken.None);
        worker.Quotas.Users.Forget(_owner);

        // It would go on for minutes.
        Assert.Equal(SliceEnd.Yielded, (await slice.WaitAsync(TimeSpan.FromSeconds(90))).End);
        Assert.Equal(SliceEnd.Parked, (await AdvanceAsync(worker, run)).End);
    }

    [Fact]
    public async Task Wait_that_a_provider_asks_for_parks_the_run_until_then_and_whoever_looks_before_does_not_ask()
    {
        var busy = new ProviderException("provider_rate_limited", FailureClass.NextProvider, "Not now.", TimeSpan.FromMinutes(5));
        var models = new ScriptedModels(Fails(busy), Says("Done."));
        var worker = new DriverFixture(azurite, models, new TestTools(), _owner);
        var run = await worker.StartAsync();

        var parked = await AdvanceAsync(worker, run);
        var early = await AdvanceAsync(worker, run);
        Assert.Equal((SliceEnd.Parked, SliceEnd.Parked), (parked.End, early.End));
        Assert.InRange(early.Until!.Value - worker.Time.GetUtcNow(), TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.Single(models.Prompts);

        var later = new DriverFixture(azurite, models, new TestTools(), _owner, time: new ShiftedTime(TimeSpan.FromMinutes(5)));
        var ended = await later.FinishAsync(run);
        Assert.Equal((RunStatus.Completed, "Done.", 1), (ended.Status, ended.Output, ended.Turns));
    }

    [Theory]
    [InlineData(7200, "beyond its deadline")]
    [InlineData(2, "no longer than was waited already")]
    public async Task Wait_of_no_use_fails_the_run_at_once(int seconds, string why)
    {
        var busy = new ProviderException("provider_rate_limited", FailureClass.NextProvider, "Not now.", TimeSpan.FromSeconds(seconds));
        var worker = new DriverFixture(azurite, new ScriptedModels(Fails(busy)), new TestTools(), _owner);
        var run = await worker.StartAsync(started => started with { Deadline = started.CreatedAt + TimeSpan.FromHours(1) });

        Assert.True((await AdvanceAsync(worker, run)).End == SliceEnd.Finished, why);

        Assert.Equal("provider_rate_limited", (await worker.LoadAsync(run)).Run.Error?.Code);
    }

    [Fact]
    public async Task Cancelled_run_does_not_wait_for_its_provider()
    {
        var busy = new ProviderException("provider_rate_limited", FailureClass.NextProvider, "Not now.", TimeSpan.FromMinutes(5));
        var worker = new DriverFixture(azurite, new ScriptedModels(Fails(busy)), new TestTools(), _owner);
        var run = await worker.StartAsync();
        Assert.Equal(SliceEnd.Parked, (await AdvanceAsync(worker, run)).End);

        await worker.Control.CancelAsync(worker.Scope, run.Id, CancellationToken.None);

        Assert.Equal(StopReason.Cancelled, (await worker.LoadAsync(run)).Run.StopReason);
    }

    private static Task<SliceOutcome> AdvanceAsync(DriverFixture worker, Run run) =>
        worker.Slices.AdvanceAsync(worker.Reference(run), run.Driver, CancellationToken.None);
}
