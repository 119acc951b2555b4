using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

[Collection(RunsAzurite.Name)]
public sealed class RunControlTests(AzuriteFixture azurite)
{
    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Cancel_on_the_drivers_own_instance_needs_no_poll()
    {
        // On this clock no poll and no renewal ever comes: the signal alone is left.
        var (called, cancelled, time) = (new TaskCompletionSource(), new TaskCompletionSource(), new FakeTimeProvider(DateTimeOffset.UtcNow));
        _tools.Behave = (_, token) =>
        {
            token.Register(cancelled.SetResult);
            called.SetResult();
            return new TaskCompletionSource<string>().Task;
        };
        var worker = Worker([Calls(("echo", new { text = "a" }))], time);
        var run = await worker.StartAsync();
        var slice = worker.AdvanceAsync(run);
        await called.Task;

        await CancelAsync(worker, run);
        await cancelled.Task;

        // The driver pauses before it writes again to a row that somebody flagged.
        await Poll.UntilAsync(() =>
        {
            time.Advance(TimeSpan.FromMilliseconds(10));
            return slice.IsCompleted;
        });
        Assert.Equal(SliceEnd.Finished, (await slice).End);
        Assert.Equal(StopReason.Cancelled, (await worker.LoadAsync(run)).Run.StopReason);
        Assert.Equal(run.Driver, Assert.Single(worker.Scheduler.Woken));
    }

    [Fact]
    public async Task Cancel_racing_with_completion_leaves_one_end_and_it_stays()
    {
        var worker = Worker([Calls(("echo", new { text = "a" })), Says("Done.")]);
        for (var round = 0; round < 15; round++)
        {
            var fresh = Worker([Calls(("echo", new { text = "a" })), Says("Done.")]);
            var run = await fresh.StartAsync();
            var finishing = fresh.FinishAsync(run);
            await Task.Delay(round * 2);
            var (_, accepted) = await CancelAsync(worker, run);
            var ended = await finishing;
            var (stored, entries) = await worker.LoadAsync(run);

            Assert.True(stored.Status is RunStatus.Completed or RunStatus.Cancelled);
            Assert.True(accepted || stored.Status == RunStatus.Completed);
            Assert.Equal((ended.Status, ended.ETag), (stored.Status, stored.ETag));
            Assert.Equal(Enumerable.Range(0, entries.Count).Select(i => (long)i), entries.Select(entry => entry.Sequence));
        }
    }

    [Fact]
    public async Task Requests_racing_with_each_other_end_in_the_cancel()
    {
        var worker = Worker([_ => new TaskCompletionSource<ChatResponse>().Task]);
        for (var round = 0; round < 5; round++)
        {
            var run = await worker.StartAsync();
            var slice = round % 2 == 0 ? worker.AdvanceAsync(run) : Task.CompletedTask;

            await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Swallow(i % 3 == 0
                ? CancelAsync(worker, run)
                : i % 3 == 1
                    ? worker.Control.SuspendAsync(worker.Scope, run.Id, CancellationToken.None)
                    : worker.Control.ResumeAsync(worker.Scope, run.Id, CancellationToken.None))));
            await slice;

            Assert.Equal(RunStatus.Cancelled, (await worker.FinishAsync(run)).Status);
        }

        // Once the cancel has won, the others are conflicts.
        static async Task Swallow(Task request)
        {
            try
            {
                await request;
            }
            catch (ConflictException)
            {
            }
        }
    }

    [Fact]
    public async Task Suspend_that_meets_its_drivers_renewals_is_not_lost()
    {
        var go = new TaskCompletionSource<string>();
        _tools.Behave = (_, _) => go.Task;
        var worker = new DriverFixture(
            azurite, new ScriptedModels(Calls(("post", new { text = "a" })), Says("Done.")), _tools, _owner, new RunOptions { LeaseSeconds = 12 });
        var run = await worker.StartAsync();
        var slice = worker.AdvanceAsync(run);
        await Poll.UntilAsync(() => _tools.Calls.Count == 1);
        var held = (await worker.LoadAsync(run)).Run;

        await worker.Control.SuspendAsync(worker.Scope, run.Id, CancellationToken.None);
        await Poll.UntilAsync(async () => (await worker.LoadAsync(run)).Run.LeaseUntil != held.LeaseUntil);

        go.SetResult("posted");
        Assert.Equal(SliceEnd.Parked, (await slice).End);
        Assert.Equal((RunStatus.Suspended, true), ((await worker.LoadAsync(run)).Run.Status, (await worker.LoadAsync(run)).Run.SuspendRequested));
    }

    [Fact]
    public async Task Resume_while_the_slice_is_about_to_park_is_not_lost_with_its_wake_up()
    {
        var worker = Worker([Says("Done.")]);
        var run = await worker.StartAsync();
        var resumed = false;

        // The row is flagged between the lease's taking and the release, and the flag taken back just before the latter.
        await worker.Control.SuspendAsync(worker.Scope, run.Id, CancellationToken.None);
        var stored = (await worker.LoadAsync(run)).Run;
        var taken = await worker.Store.CommitAsync(
            stored with { Epoch = 1, LeaseUntil = DateTimeOffset.UtcNow.AddSeconds(30), Status = RunStatus.Running }, [], CancellationToken.None);
        var other = Worker([Says("Done.")]);
        worker.Requests.OnRequest = () =>
        {
            if (!resumed)
            {
                resumed = true;
                other.Control.ResumeAsync(other.Scope, run.Id, CancellationToken.None).GetAwaiter().GetResult();
            }
        };
        var lease = new RunLease(worker.Store, taken!, [], worker.Options, worker.Time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        var outcome = await worker.Leases.DriveAsync(
            lease, new Slice(worker.Options.Slice, worker.Time, CancellationToken.None, lease.Lost), handsOver: false);

        Assert.Equal(SliceEnd.Yielded, outcome.End);
    }

    [Fact]
    public async Task Unreachable_orchestration_does_not_make_a_stored_request_fail()
    {
        var worker = Worker([Says("Done.")]);
        worker.Scheduler.OnWoken = _ => throw new IOException();
        var run = await worker.StartAsync();

        var (cancelled, accepted) = await worker.Control.CancelAsync(worker.Scope, run.Id, CancellationToken.None);

        Assert.Equal((RunStatus.Cancelled, true), (cancelled.Status, accepted));
    }

    [Fact]
    public async Task Only_a_run_that_has_ended_and_is_in_no_conversation_is_deleted()
    {
        var worker = Worker([Says("Done.")]);
        var running = await worker.StartAsync();
        var inConversation = await worker.FinishAsync(await worker.StartAsync(run => run with { ConversationId = "c-1" }));

        var early = await Assert.ThrowsAsync<ConflictException>(() => worker.Control.DeleteAsync(worker.Scope, running.Id, CancellationToken.None));
        var part = await Assert.ThrowsAsync<ConflictException>(
            () => worker.Control.DeleteAsync(worker.Scope, inConversation.Id, CancellationToken.None));

        Assert.Equal(("conflict", "part_of_conversation"), (early.Code, part.Code));
    }

    private DriverFixture Worker(Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers, TimeProvider? time = null) =>
        new(azurite, new ScriptedModels(answers), _tools, _owner, time: time);

    private static Task<(Run Run, bool Accepted)> CancelAsync(DriverFixture worker, Run run) =>
        worker.Control.CancelAsync(worker.Scope, run.Id, CancellationToken.None);
}
