using Microsoft.Extensions.AI;
using Yggdrasil.Fixtures;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

[Collection(RunsAzurite.Name)]
public sealed class RequestDrivenRunsTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly TestTools _tools = new();
    private readonly RecordingScheduler _scheduler = new();
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Plain_run_costs_two_storage_requests()
    {
        var worker = Worker(Says("Done."));
        await WarmUpAsync(worker);
        var before = worker.Requests.Count;

        var run = await DriveAsync(worker);

        Assert.Equal("Done.", run.Output);
        Assert.Equal(2, worker.Requests.Count - before);
    }

    [Fact]
    public async Task First_run_of_an_owner_on_an_instance_reads_the_quota_too()
    {
        var worker = Worker(Says("Done."));
        await worker.WarmUpAsync();
        var before = worker.Requests.Count;

        await DriveAsync(worker);

        Assert.Equal(3, worker.Requests.Count - before);
    }

    [Theory]
    [InlineData("echo", 2)]
    [InlineData("post", 3)]
    public async Task Each_tool_using_turn_costs_two_more_or_three_when_it_must_not_be_repeated(string tool, int cost)
    {
        var worker = Worker(Calls((tool, new { text = "a" })), Calls((tool, new { text = "b" }), (tool, new { text = "c" })), Says("Done."));
        await WarmUpAsync(worker);
        var before = worker.Requests.Count;

        await DriveAsync(worker);

        Assert.Equal(2 + (2 * cost), worker.Requests.Count - before);
    }

    [Fact]
    public async Task Plain_run_driven_by_its_orchestration_costs_four_storage_requests()
    {
        var worker = Worker(Says("Done."));
        await WarmUpAsync(worker);
        var before = worker.Requests.Count;

        await worker.AdvanceAsync(await worker.StartAsync());

        Assert.Equal(4, worker.Requests.Count - before);
    }

    [Fact]
    public async Task Run_that_needs_distributed_calls_is_handed_to_a_new_orchestration()
    {
        var worker = Worker(Calls(("far", new { text = "a" })), Says("Done."));

        var handedOver = DriveAsync(worker);
        await Poll.UntilAsync(() => !_scheduler.Scheduled.IsEmpty);
        var (successor, _) = Assert.Single(_scheduler.Scheduled);
        var run = await FirstRunAsync(worker);
        await Poll.UntilAsync(() => worker.LoadAsync(run).GetAwaiter().GetResult().Run.Driver == successor);
        var backup = await worker.Driver.AdvanceAsync(worker.Reference(run), run.Id, CancellationToken.None);
        await worker.FinishAsync(run with { Driver = successor });

        Assert.Equal(SliceEnd.Superseded, backup.End);
        Assert.Equal("Done.", (await handedOver).Output);
    }

    [Fact]
    public async Task Successor_that_looks_before_it_is_named_waits_and_is_woken()
    {
        var worker = Worker(Calls(("far", new { text = "a" })), Says("Done."));
        var early = new TaskCompletionSource<SliceOutcome>();
        _scheduler.OnScheduled = async (instanceId, reference) =>
            early.TrySetResult(await worker.Driver.AdvanceAsync(reference, instanceId, CancellationToken.None));

        var handedOver = DriveAsync(worker);
        await Poll.UntilAsync(() => !_scheduler.Woken.IsEmpty);
        var successor = Assert.Single(_scheduler.Woken);
        var run = await FirstRunAsync(worker);
        await worker.FinishAsync(run with { Driver = successor });

        Assert.Equal(SliceEnd.Parked, (await early.Task).End);
        Assert.Equal(("Done.", successor), ((await handedOver).Output, run.Driver));
    }

    [Fact]
    public async Task Stopping_host_waits_for_the_slice_and_hands_it_over()
    {
        var asked = new TaskCompletionSource();
        var worker = Worker(_ => { asked.TrySetResult(); return new TaskCompletionSource<ChatResponse>().Task; });

        var waiting = DriveAsync(worker, TimeSpan.FromMilliseconds(500));
        await asked.Task;
        worker.Lifetime.StopApplication();
        await worker.RequestDriven.StopAsync(CancellationToken.None);
        await waiting;
        var (run, _) = await worker.LoadAsync(await FirstRunAsync(worker));

        Assert.Equal(DateTimeOffset.UnixEpoch, run.LeaseUntil);
        Assert.Equal(Assert.Single(_scheduler.Scheduled).InstanceId, run.Driver);
    }

    [Fact]
    public async Task Request_that_goes_away_leaves_its_run_to_go_on()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
        var worker = Worker(_ => { asked.TrySetResult(); return answer.Task; });
        using var aborted = new CancellationTokenSource();

        var waiting = DriveAsync(worker, Long, aborted.Token);
        await asked.Task;
        await aborted.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        answer.SetResult(Response(new TextContent("Done.")));
        var run = await FirstRunAsync(worker);
        await Poll.UntilAsync(() => worker.LoadAsync(run).GetAwaiter().GetResult().Run.IsTerminal);

        Assert.Equal("Done.", (await worker.LoadAsync(run)).Run.Output);
    }

    private DriverFixture Worker(params Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers) =>
        new(azurite, new ScriptedModels(answers), _tools, _owner, scheduler: _scheduler);

    /// <summary>From the owner's second run on, an instance remembers the owner's quota.</summary>
    private static async Task WarmUpAsync(DriverFixture worker)
    {
        await worker.WarmUpAsync();
        await worker.Quotas.Ledger.FindAsync(worker.Owner.Partition, CancellationToken.None);
    }

    private static async Task<Run> DriveAsync(DriverFixture worker, TimeSpan? wait = null, CancellationToken aborted = default)
    {
        var now = worker.Time.GetUtcNow();
        var input = new JournalEntry { Kind = EntryKind.Input, Messages = [new ChatMessage(ChatRole.User, "Hello")] };
        var started = await worker.StartAsync(run => run with
        {
            Status = RunStatus.Running, StartedAt = now, Epoch = 1, LeaseUntil = now + worker.Options.Lease,
        });
        return await worker.RequestDriven.DriveAsync(started, [input], default, wait ?? Long, aborted);
    }

    private async Task<Run> FirstRunAsync(DriverFixture worker) =>
        (await worker.Lists.ListAsync(_owner, new RunFilter(), 1, null, CancellationToken.None)).Items[0];
}
