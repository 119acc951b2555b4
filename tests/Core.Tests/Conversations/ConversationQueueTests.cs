using Microsoft.Extensions.AI;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Conversations.ConversationFixture;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Conversations;

/// <summary>One run of a conversation at a time, whatever others start, cancel or break meanwhile.</summary>
[Collection(WorkAzurite.Name)]
public sealed class ConversationQueueTests(AzuriteFixture azurite)
{
    private readonly ConversationFixture _talk = new(azurite);

    [Fact]
    public async Task Run_beside_an_active_one_is_refused_and_nothing_is_written()
    {
        var worker = _talk.Worker(Says("Done."));
        var active = await StartAsync(worker);
        var rows = await _talk.RowKeysAsync(worker);

        var refusal = await Assert.ThrowsAsync<ConflictException>(() => StartAsync(worker));

        Assert.Contains(active.Id, refusal.Message, StringComparison.Ordinal);
        Assert.Equal(rows, await _talk.RowKeysAsync(worker));
        await worker.FinishAsync(active);
        Assert.Equal(RunStatus.Completed, (await TurnAsync(worker)).Status);
    }

    [Fact]
    public async Task Of_many_instances_that_begin_a_conversation_at_once_one_is_active()
    {
        var workers = Enumerable.Range(0, 6).Select(_ => _talk.Worker(Says("Done."))).ToList();

        var runs = await Task.WhenAll(workers.Select(worker => StartAsync(worker, OnConflict.Enqueue)));

        var conversation = await _talk.GetAsync(workers[0]);
        Assert.Equal(conversation.ActiveRun, Assert.Single(runs, run => !run.IsEnqueued).Id);
        Assert.Equal(runs.Where(run => run.IsEnqueued).Select(run => run.Id).Order(), conversation.Queue.Order());
    }

    [Fact]
    public async Task Enqueued_runs_go_in_order_each_woken_by_the_one_before()
    {
        var worker = _talk.Worker(Says("One."), Says("Two."), Says("Three."));
        var first = await StartAsync(worker);
        var second = await StartAsync(worker, OnConflict.Enqueue);
        var third = await StartAsync(_talk.Worker(Says("Unused.")), OnConflict.Enqueue);

        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(third)).End);
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(second)).End);
        Assert.Equal(RunStatus.Queued, (await worker.LoadAsync(second)).Run.Status);
        var end = await worker.AdvanceAsync(first);
        await worker.Endings.AnnounceAsync(worker.Reference(first), end, CancellationToken.None);
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(third)).End);
        var outputs = new[] { await worker.FinishAsync(second), await worker.FinishAsync(third) }.Select(run => run.Output);

        Assert.Equal(second.Id, Assert.Single(worker.Scheduler.Woken));
        Assert.Equal(["Two.", "Three."], outputs);
        Assert.Equal([first.Id, second.Id, third.Id], (await _talk.MessagesAsync(worker)).Select(message => message.RunId).Distinct());
        Assert.Null((await _talk.GetAsync(worker)).ActiveRun);
    }

    [Fact]
    public async Task Slice_repeated_after_the_end_wakes_the_next_run_again()
    {
        var worker = _talk.Worker(Says("Done."));
        var first = await StartAsync(worker);
        var second = await StartAsync(worker, OnConflict.Enqueue);
        await worker.AdvanceAsync(first);

        var repeated = await worker.AdvanceAsync(first);

        Assert.Equal((SliceEnd.Finished, second.Id), (repeated.End, repeated.NextRun));
    }

    [Fact]
    public async Task Run_that_is_next_looks_again_soon_in_case_nobody_wakes_it()
    {
        var worker = _talk.Worker(Says("Done."));
        await StartAsync(worker);
        var second = await StartAsync(worker, OnConflict.Enqueue);

        var parked = await worker.AdvanceAsync(second);

        Assert.InRange(parked.Until!.Value, worker.Time.GetUtcNow(), worker.Time.GetUtcNow().AddMinutes(1));
    }

    [Fact]
    public async Task Interrupting_run_cancels_the_active_one_and_goes_before_those_that_wait()
    {
        var worker = _talk.Worker(Says("Answer."));
        var active = await StartAsync(worker);
        var waiting = await StartAsync(worker, OnConflict.Enqueue);

        var interrupting = await StartAsync(worker, OnConflict.Interrupt);

        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(interrupting)).End);
        Assert.Equal(RunStatus.Cancelled, (await worker.FinishAsync(active)).Status);
        Assert.Equal(SliceEnd.Parked, (await worker.AdvanceAsync(waiting)).End);
        Assert.Equal(RunStatus.Completed, (await worker.FinishAsync(interrupting)).Status);
        Assert.Equal(RunStatus.Completed, (await worker.FinishAsync(waiting)).Status);
    }

    [Fact]
    public async Task Interrupt_reaches_a_run_in_the_midst_of_its_model_call()
    {
        var (asked, answer) = (new TaskCompletionSource(), new TaskCompletionSource<ChatResponse>());
        var worker = _talk.Worker(_ => { asked.TrySetResult(); return answer.Task; }, Says("Second."));
        var active = await StartAsync(worker);
        var driving = worker.FinishAsync(active);
        await asked.Task;

        var interrupting = await StartAsync(_talk.Worker(Says("Unused.")), OnConflict.Interrupt);
        answer.SetResult(Response(new FunctionCallContent("provider-0", "echo", new Dictionary<string, object?> { ["text"] = "x" })));

        Assert.Equal(RunStatus.Cancelled, (await driving).Status);
        Assert.Equal("Second.", (await worker.FinishAsync(interrupting)).Output);
    }

    [Theory]
    [InlineData("cancelled")]
    [InlineData("expired")]
    [InlineData("failed")]
    public async Task Run_that_ends_while_it_waits_leaves_the_queue(string how)
    {
        var worker = _talk.Worker(Says("One."), Says("Three."));
        var first = await StartAsync(worker);
        var second = await StartAsync(worker, OnConflict.Enqueue, run => how == "expired" ? run with { Deadline = worker.Time.GetUtcNow() } : run);
        var third = await StartAsync(worker, OnConflict.Enqueue);

        if (how == "cancelled")
        {
            await FlagAsync(worker, second);
        }

        if (how == "failed")
        {
            await worker.Driver.FailAsync(worker.Reference(second), "err_test", CancellationToken.None);
        }

        var ended = await worker.FinishAsync(second);
        await worker.FinishAsync(first);
        var last = await worker.FinishAsync(third);

        Assert.Equal(how, ended.Status.ToString().ToLowerInvariant());
        Assert.Equal("Three.", last.Output);
        Assert.DoesNotContain(await _talk.MessagesAsync(worker), message => message.RunId == second.Id);
    }

    [Fact]
    public async Task Run_whose_content_cannot_be_read_makes_the_next_run_active()
    {
        var worker = _talk.Worker(Says("Done."));
        var damaged = await StartAsync(worker);
        var next = await StartAsync(worker, OnConflict.Enqueue);
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpdateEntityAsync(
            new Azure.Data.Tables.TableEntity(_talk.Owner.Partition, $"run!{damaged.Id}") { ["Agent"] = new byte[] { 1, 2, 3 } }, Azure.ETag.All);

        var failed = await worker.Driver.FailAsync(worker.Reference(damaged), "err_test", CancellationToken.None);

        Assert.Equal((SliceEnd.Finished, next.Id), (failed.End, failed.NextRun));
        Assert.Equal("Done.", (await worker.FinishAsync(next)).Output);
    }

    [Fact]
    public async Task Queue_has_an_end()
    {
        var worker = _talk.Worker(Says("Done."));
        await StartAsync(worker);
        for (var i = 0; i < ConversationQueue.MaxQueue; i++)
        {
            await StartAsync(worker, OnConflict.Enqueue);
        }

        await Assert.ThrowsAsync<ConflictException>(() => StartAsync(worker, OnConflict.Enqueue));
        await Assert.ThrowsAsync<ConflictException>(() => StartAsync(worker, OnConflict.Interrupt));
    }

    [Fact]
    public async Task Conversation_deleted_on_one_instance_begins_anew_on_another_that_remembers_it()
    {
        var (one, other) = (_talk.Worker(Says("Done.")), _talk.Worker(Says("Done.")));
        await TurnAsync(one);
        await other.Conversations.DeleteAsync(_talk.Scope, Id, CancellationToken.None);

        await TurnAsync(one);

        Assert.Equal(1, (await _talk.GetAsync(other)).Exchanges);
    }

    private async Task FlagAsync(DriverFixture worker, Run run)
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpdateEntityAsync(
            new Azure.Data.Tables.TableEntity(_talk.Owner.Partition, $"run!{run.Id}") { ["CancelRequested"] = true }, Azure.ETag.All);
    }
}
