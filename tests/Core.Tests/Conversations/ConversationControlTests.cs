using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Conversations.ConversationFixture;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Conversations;

/// <summary>Runs of a conversation that end, or rest, while nobody drives them.</summary>
[Collection(WorkAzurite.Name)]
public sealed class ConversationControlTests(AzuriteFixture azurite)
{
    private readonly ConversationFixture _talk = new(azurite);

    [Fact]
    public async Task Cancelled_while_it_waits_for_approval_keeps_what_was_said_and_makes_the_next_run_active()
    {
        var worker = Worker();
        var (waiting, next) = await WaitingAsync(worker);

        var (cancelled, _) = await worker.Control.CancelAsync(_talk.Scope, waiting.Id, CancellationToken.None);

        await AssertHandedOverAsync(worker, cancelled, next);
    }

    [Fact]
    public async Task Expired_while_it_waits_for_approval_keeps_what_was_said_and_makes_the_next_run_active()
    {
        var worker = Worker();
        worker.Approvals.ExpireMinutes = 0.001;
        var (waiting, next) = await WaitingAsync(worker);

        var expired = await worker.FinishAsync(waiting);

        Assert.Equal(StopReason.ApprovalExpired, expired.StopReason);
        await AssertHandedOverAsync(worker, expired, next);
    }

    [Fact]
    public async Task Interrupt_ends_a_run_that_waits_for_approval()
    {
        var worker = Worker();
        var (waiting, next) = await WaitingAsync(worker, OnConflict.Interrupt);

        var cancelled = await worker.FinishAsync(waiting);

        Assert.Equal(RunStatus.Cancelled, cancelled.Status);
        await AssertHandedOverAsync(worker, cancelled, next);
    }

    [Theory]
    [InlineData(RunStatus.Queued)]
    [InlineData(RunStatus.Suspended)]
    public async Task Cancelled_while_enqueued_leaves_the_queue_at_once(RunStatus status)
    {
        var worker = Worker();
        var (waiting, next) = await WaitingAsync(worker);
        if (status == RunStatus.Suspended)
        {
            await worker.Control.SuspendAsync(_talk.Scope, next.Id, CancellationToken.None);
        }

        var (cancelled, accepted) = await worker.Control.CancelAsync(_talk.Scope, next.Id, CancellationToken.None);

        Assert.Equal((RunStatus.Cancelled, true), (cancelled.Status, accepted));
        var conversation = await _talk.GetAsync(worker);
        Assert.Equal(waiting.Id, conversation.ActiveRun);
        Assert.Empty(conversation.Queue);
    }

    [Fact]
    public async Task Suspended_while_enqueued_begins_once_it_is_resumed()
    {
        var worker = Worker();
        var (waiting, next) = await WaitingAsync(worker);
        await worker.Control.SuspendAsync(_talk.Scope, next.Id, CancellationToken.None);
        await worker.Control.CancelAsync(_talk.Scope, waiting.Id, CancellationToken.None);

        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(next)).End);
        Assert.Equal(RunStatus.Suspended, (await worker.LoadAsync(next)).Run.Status);
        var resumed = await worker.Control.ResumeAsync(_talk.Scope, next.Id, CancellationToken.None);

        Assert.Equal(RunStatus.Queued, resumed.Status);
        Assert.Equal("Done.", (await worker.FinishAsync(next)).Output);
    }

    private DriverFixture Worker()
    {
        var worker = _talk.Worker(Calls(("echo", new { text = "a" })), Says("Done."));
        worker.Agent = worker.Agent with { Approvals = ["echo"] };
        return worker;
    }

    /// <summary>A run that waits for approval, and one that waits for that.</summary>
    private static async Task<(Run Waiting, Run Next)> WaitingAsync(DriverFixture worker, OnConflict onConflict = OnConflict.Enqueue)
    {
        var waiting = await StartAsync(worker);
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(waiting)).End);
        return (waiting, await StartAsync(worker, onConflict));
    }

    private async Task AssertHandedOverAsync(DriverFixture worker, Run ended, Run next)
    {
        Assert.Equal(next.Id, ended.NextRun);
        Assert.Equal((SliceEnd.Finished, next.Id), ((await worker.AdvanceAsync(ended)).End, (await worker.AdvanceAsync(ended)).NextRun));
        Assert.Contains(await _talk.MessagesAsync(worker), message => message.RunId == ended.Id);
        Assert.Equal("Done.", (await worker.FinishAsync(next)).Output);
    }
}
