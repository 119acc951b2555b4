using Microsoft.Extensions.AI;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Notifications;

[Collection(WorkAzurite.Name)]
public sealed class RunEndingsTests(AzuriteFixture azurite)
{
    private readonly RecordedDelivery _letters = new("letter");
    private readonly RecordedDelivery _birds = new("bird");
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Run_that_ends_tells_each_listener_once_without_its_content()
    {
        var worker = Worker();
        var run = await StartAsync(worker, new("letter", "to:you"), new("bird", "to me"));

        var end = await worker.AdvanceAsync(run);
        await AnnounceAsync(worker, run, end);
        await AnnounceAsync(worker, run, await worker.AdvanceAsync(run));

        var (ended, target) = Assert.Single(_letters.Told);
        Assert.Equal(("to:you", run.Id, RunStatus.Completed), (target, ended.Id, ended.Status));
        Assert.IsType<RunHead>(ended);
        Assert.Equal("to me", Assert.Single(_birds.Told).Target);
    }

    [Fact]
    public async Task Run_that_goes_on_tells_nobody()
    {
        var worker = Worker(Calls(("far", new { text = "a" })));
        var run = await StartAsync(worker, new RunNotice("letter", "you"));

        var outcome = await worker.AdvanceAsync(run);
        await AnnounceAsync(worker, run, outcome);

        Assert.Equal(SliceEnd.Distributed, outcome.End);
        Assert.Empty(_letters.Told);
    }

    [Fact]
    public async Task Crash_between_the_end_and_its_delivery_is_made_up_for_by_the_next_look()
    {
        var worker = Worker();
        var run = await StartAsync(worker, new RunNotice("letter", "you"));
        await worker.AdvanceAsync(run);

        var other = Worker();
        var found = await other.AdvanceAsync(run);
        await AnnounceAsync(other, run, found);

        Assert.Equal("you", Assert.Single(_letters.Told).Target);
    }

    [Fact]
    public async Task Listener_that_cannot_be_told_is_told_at_the_next_attempt_and_keeps_no_other_waiting()
    {
        var worker = Worker();
        var run = await StartAsync(worker, new("letter", "you"), new("bird", "me"));
        _letters.Failures = 1;
        var end = await worker.AdvanceAsync(run);

        await Assert.ThrowsAsync<IOException>(() => AnnounceAsync(worker, run, end));
        Assert.Single(_birds.Told);
        await AnnounceAsync(worker, run, await worker.Driver.FailAsync(worker.Reference(run), "err_1", CancellationToken.None));

        Assert.Single(_letters.Told);
    }

    [Fact]
    public async Task Run_driven_by_its_request_tells_its_listeners()
    {
        var worker = Worker();
        var now = worker.Time.GetUtcNow();
        var started = await worker.StartAsync(run => run with
        {
            Status = RunStatus.Running, StartedAt = now, Epoch = 1, LeaseUntil = now + worker.Options.Lease,
            Notices = [new RunNotice("letter", "you")],
        });
        var input = new JournalEntry { Kind = EntryKind.Input, Messages = [new ChatMessage(ChatRole.User, "Hello")] };

        await worker.RequestDriven.DriveAsync(started, [input], default, TimeSpan.FromSeconds(60), CancellationToken.None);

        Assert.Equal(started.Id, Assert.Single(_letters.Told).Ended.Id);
    }

    [Fact]
    public async Task Listeners_learn_of_a_run_that_failed_because_it_cannot_be_read()
    {
        var worker = Worker();
        var run = await StartAsync(worker, new RunNotice("letter", "you"));
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var broken = new Azure.Data.Tables.TableEntity(worker.Owner.Partition, $"run!{run.Id}") { ["Agent"] = new byte[] { 1, 2, 3 } };
        await table.UpdateEntityAsync(broken, Azure.ETag.All);

        var end = await worker.Driver.FailAsync(worker.Reference(run), "err_1", CancellationToken.None);
        await AnnounceAsync(worker, run, end);

        Assert.Equal(RunStatus.Failed, Assert.Single(_letters.Told).Ended.Status);
    }

    [Fact]
    public async Task Run_that_tells_nobody_costs_no_request()
    {
        var worker = Worker();
        var run = await StartAsync(worker);
        var end = await worker.AdvanceAsync(run);
        var before = worker.Requests.Count;

        await AnnounceAsync(worker, run, end);

        Assert.Equal(0, worker.Requests.Count - before);
    }

    private static Task<Run> StartAsync(DriverFixture worker, params RunNotice[] notices) =>
        worker.StartAsync(run => run with { Notices = notices });

    private static Task AnnounceAsync(DriverFixture worker, Run run, SliceOutcome outcome) =>
        worker.Endings.AnnounceAsync(worker.Reference(run), outcome, CancellationToken.None);

    private DriverFixture Worker(Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>? answer = null) =>
        new(azurite, new ScriptedModels(answer ?? Says("Done.")), new TestTools(), _owner, deliveries: [_letters, _birds]);
}
