using Azure.Core;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Fixtures;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

[Collection(WorkAzurite.Name)]
public sealed class BatchDriverTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Slices_of_two_instances_at_once_run_and_count_each_item_once()
    {
        var models = new ScriptedModels(ScriptedModels.Says("Fine."));
        var (one, other) = (Instance(models), Instance(models));
        var batch = await one.AcceptAsync(60);

        await Poll.UntilAsync(async () =>
            (await Task.WhenAll(one.AdvanceAsync(batch), other.AdvanceAsync(batch))).Any(outcome => outcome.End == BatchSliceEnd.Finished));

        var (ended, head) = await one.ReadAsync(batch);
        Assert.Equal((BatchStatus.Completed, 60, 0), (ended.Status, head.Completed, head.Failed + head.Cancelled + head.HandedOver));
        Assert.Equal(60, models.Prompts.Count);
    }

    [Fact]
    public async Task Slice_that_is_cut_off_loses_nothing_and_the_next_goes_on()
    {
        using var stopping = new CancellationTokenSource();
        var calls = 0;
        var app = Instance(new ScriptedModels(async prompt =>
        {
            if (Interlocked.Increment(ref calls) == 10)
            {
                await stopping.CancelAsync();
            }

            return await ScriptedModels.Says("Fine.")(prompt);
        }));
        var batch = await app.AcceptAsync(40);

        await app.AdvanceAsync(batch, stopping.Token);
        var (_, before) = await app.ReadAsync(batch);
        await app.FinishAsync(batch);

        var (_, after) = await app.ReadAsync(batch);
        Assert.InRange(before.Completed, 0, 39);
        Assert.Equal(40, after.Completed);
    }

    [Fact]
    public async Task Items_of_a_user_who_is_disabled_amid_a_slice_do_not_begin_until_the_user_is_enabled()
    {
        var users = (UserService?)null;
        var admin = new Caller(new Owner(_owner.Tenant, "root"), new HashSet<string> { Caller.AdminRole });
        var calls = 0;
        var app = Instance(new ScriptedModels(async prompt =>
        {
            if (Interlocked.Increment(ref calls) == 1)
            {
                await users!.DisableAsync(admin, _owner.User, CancellationToken.None);
            }

            return await ScriptedModels.Says("Fine.")(prompt);
        }));
        app.Options.ItemsAtOnce = 1;
        users = new UserService(
            app.Worker.Quotas.Store, app.Worker.Quotas.Users, app.Worker.Activities, app.Worker.Time, NullLogger<UserService>.Instance);
        var batch = await app.AcceptAsync(10);

        await app.AdvanceAsync(batch);
        var (running, before) = await app.ReadAsync(batch);
        var held = await app.AdvanceAsync(batch);
        Assert.Equal((BatchStatus.Running, 1), (running.Status, calls));
        Assert.Equal((1, 0), (before.Completed, before.Failed + before.Cancelled));
        Assert.Equal(BatchSliceEnd.Parked, held.End);

        await users.EnableAsync(admin, _owner.User, CancellationToken.None);
        await app.FinishAsync(batch);

        Assert.Equal((10, 10), ((await app.ReadAsync(batch)).Head.Completed, calls));
    }

    [Fact]
    public async Task Item_that_waits_for_a_human_is_handed_over_and_counted_when_its_run_ends()
    {
        var app = Instance(new ScriptedModels(ScriptedModels.Calls(("post", new { text = "x" }))));
        app.Worker.Agent = app.Worker.Agent with { Approvals = ["post"] };
        var batch = await app.AcceptAsync(1);

        var outcome = await app.AdvanceAsync(batch);
        var (_, waiting) = await app.ReadAsync(batch);
        var runId = Ids.BatchRun(_owner.Partition, batch.Id, 0, 1);
        var (run, _) = await app.Worker.Control.CancelAsync(app.Worker.Scope, runId, CancellationToken.None);
        var target = Assert.Single(run.Notices).Target;
        await app.Delivery.DeliverAsync(run, target, CancellationToken.None);
        await app.Delivery.DeliverAsync(run, target, CancellationToken.None);
        await app.FinishAsync(batch);

        Assert.Equal((BatchSliceEnd.Parked, 1, 1), (outcome.End, waiting.HandedOver, waiting.Counts.Running));
        Assert.Contains(app.Scheduler.Scheduled, scheduled => scheduled.InstanceId == run.Driver);
        Assert.Contains(batch.Id, app.Scheduler.Woken);
        var (ended, head) = await app.ReadAsync(batch);
        Assert.Equal((BatchStatus.Completed, 0, 1), (ended.Status, head.HandedOver, head.Cancelled));
    }

    [Fact]
    public async Task Run_that_ended_uncounted_is_counted_and_not_repeated()
    {
        var models = new ScriptedModels(ScriptedModels.Says("Fine."));
        var app = Instance(models);
        var batch = await app.AcceptAsync(5);
        await app.FinishAsync(batch);
        var uncounted = await app.AcceptAsync(5, id: batch.Id);

        // The same batch once more, with nothing counted: as if the process had died before.
        await app.FinishAsync(uncounted);

        Assert.Equal(5, (await app.ReadAsync(uncounted)).Head.Completed);
        Assert.Equal(5, models.Prompts.Count);
    }

    [Fact]
    public async Task Callback_is_sent_once_a_round_and_says_nothing_but_the_end()
    {
        var app = Instance(new ScriptedModels(ScriptedModels.Says("Nobody else's business.")));
        var batch = await app.AcceptAsync(2, callbackUrl: "https://hooks.example.com/");
        await app.FinishAsync(batch);
        await app.FinishAsync(batch);
        var first = app.Scheduler.Callbacks.DistinctBy(callback => callback.MessageId).ToList();
        var (ended, _) = await app.ReadAsync(batch);

        await app.Worker.Batches.Store.BeginRoundAsync(ended with { Status = BatchStatus.Running, Round = 2 }, CancellationToken.None);
        await app.FinishAsync(batch with { Round = 2 });

        var pending = await app.Worker.Callbacks.Store.FindPendingAsync(app.Scheduler.Callbacks.Last(), CancellationToken.None);
        Assert.Single(first);
        Assert.Equal(2, app.Scheduler.Callbacks.DistinctBy(callback => callback.MessageId).Count());
        Assert.Contains("\"type\":\"batch.completed\"", pending!.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("business", pending.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Result_that_is_reported_again_or_late_changes_nothing()
    {
        var app = Instance(new ScriptedModels(ScriptedModels.Says("Fine.")));
        var batch = await app.AcceptAsync(2);
        var ledger = app.Worker.Batches.Ledger;
        Task<BatchHead?> RecordAsync(int round, BatchItemState state, decimal cost) => ledger.RecordAsync(
            batch.Items, [new BatchItemResult(0, round, state, RunStatus.Failed, CostUsd: cost)], known: null, head => head, CancellationToken.None);

        await RecordAsync(1, BatchItemState.Failed, 0.5m);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => RecordAsync(1, BatchItemState.Failed, 0.5m)));
        await RecordAsync(1, BatchItemState.Completed, 0.5m);
        await RecordAsync(2, BatchItemState.Pending, 0);
        await RecordAsync(1, BatchItemState.Failed, 0.5m);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => RecordAsync(2, BatchItemState.Completed, 0.25m)));

        var (_, head) = await app.ReadAsync(batch);
        Assert.Equal((2, 1, 1, 0, 0.75m), (head.Total, head.Pending, head.Completed, head.Failed, head.CostUsd));
    }

    [Fact]
    public async Task Slice_of_an_earlier_round_ends_and_one_of_no_batch_or_a_round_to_come_looks_again()
    {
        var app = Instance(new ScriptedModels(ScriptedModels.Says("Fine.")));
        var batch = await app.AcceptAsync(1);
        Task<BatchOutcome> AdvanceAsync(string id, int round) =>
            app.Driver.AdvanceAsync(new BatchReference(_owner.Partition, id, round), CancellationToken.None);

        var none = await AdvanceAsync("batch_none", 1);
        var early = await AdvanceAsync(batch.Id, 2);
        await app.Worker.Batches.Store.BeginRoundAsync(batch with { Round = 2 }, CancellationToken.None);
        var late = await AdvanceAsync(batch.Id, 1);

        Assert.Equal((BatchSliceEnd.Missing, BatchSliceEnd.Missing, BatchSliceEnd.Finished), (none.End, early.End, late.End));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Item_whose_end_nobody_told_is_counted_at_the_next_recheck(bool isDeleted)
    {
        var app = Waiting();
        var batch = await app.AcceptAsync(1);
        await app.AdvanceAsync(batch);
        await EndRunAsync(app, batch, isDeleted);

        var soon = await app.AdvanceAsync(batch);
        var later = Waiting(new ShiftedTime(BatchRecheck.Interval));
        var outcome = await later.AdvanceAsync(batch);

        var (ended, head) = await app.ReadAsync(batch);
        var item = await app.Worker.Batches.Items.FindAsync(batch.Items, 0, CancellationToken.None);
        Assert.Equal((BatchSliceEnd.Parked, BatchSliceEnd.Finished), (soon.End, outcome.End));
        Assert.Equal((BatchStatus.Completed, 0), (ended.Status, head.HandedOver));
        Assert.Equal(isDeleted ? (1, 0, "deleted") : (0, 1, null), (head.Failed, head.Cancelled, item!.Error?.Code));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelled_batch_ends_when_nobody_told_it_of_an_item_that_has(bool isDeleted)
    {
        var app = Waiting();
        var batch = await app.AcceptAsync(1);
        await app.AdvanceAsync(batch);
        await EndRunAsync(app, batch, isDeleted);
        await app.Service.CancelAsync(app.Worker.Scope, batch.Id, CancellationToken.None);

        var outcome = await app.AdvanceAsync(batch);

        var (ended, head) = await app.ReadAsync(batch);
        Assert.Equal((BatchSliceEnd.Finished, BatchStatus.Cancelled, 1, 0), (outcome.End, ended.Status, head.Cancelled, head.Failed));
    }

    [Fact]
    public async Task Cancel_ends_the_runs_in_hand_also_when_no_item_is_left_to_begin()
    {
        var models = new ScriptedModels(_ => new TaskCompletionSource<ChatResponse>().Task);
        var app = Instance(models);
        var batch = await app.AcceptAsync(2);
        var slice = app.AdvanceAsync(batch);
        await Poll.UntilAsync(() => models.Prompts.Count == 2);

        await app.Service.CancelAsync(app.Worker.Scope, batch.Id, CancellationToken.None);
        await slice.WaitAsync(TimeSpan.FromSeconds(60));
        await app.FinishAsync(batch);

        var (ended, head) = await app.ReadAsync(batch);
        Assert.Equal((BatchStatus.Cancelled, 2), (ended.Status, head.Cancelled));
    }

    [Fact]
    public async Task Reading_on_that_fails_loses_no_result_of_items_in_hand()
    {
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var app = Instance(new ScriptedModels(async prompt =>
        {
            if (prompt[^1].Text is "Question 97" or "Question 98")
            {
                await failed.Task;
            }

            return await ScriptedModels.Says("Fine.")(prompt);
        }));
        var batch = await app.AcceptAsync(120);
        app.Hook.Before = message =>
        {
            if (message.Request.Uri.Query.Contains("NextRowKey", StringComparison.Ordinal))
            {
                failed.TrySetResult();
                throw new InvalidOperationException("Storage is away.");
            }
        };

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.AdvanceAsync(batch));

        Assert.Equal(99, (await app.ReadAsync(batch)).Head.Completed);
    }

    [Fact]
    public async Task Item_that_cannot_be_driven_in_slot_is_handed_over_and_the_log_says_why()
    {
        // Neither the answer can be recorded, nor that there was one.
        BatchFixture? app = null;
        var failures = 0;
        app = Instance(new ScriptedModels(prompt =>
        {
            app!.Hook.Before = message =>
            {
                if (message.Request.Method != RequestMethod.Get && failures++ < 2)
                {
                    throw new InvalidOperationException("Storage is away.");
                }
            };
            return ScriptedModels.Says("Fine.")(prompt);
        }));
        var batch = await app.AcceptAsync(1);

        await app.AdvanceAsync(batch);

        var runId = Ids.BatchRun(_owner.Partition, batch.Id, 0, 1);
        Assert.Equal(1, (await app.ReadAsync(batch)).Head.HandedOver);
        Assert.Contains(app.ItemLog.Entries, entry => entry.EventId == 1303
            && entry.Text.Contains(runId, StringComparison.Ordinal) && entry.Text.Contains(nameof(InvalidOperationException), StringComparison.Ordinal));
    }

    private BatchFixture Instance(ScriptedModels models, TimeProvider? time = null) => new(azurite, models, _owner, time);

    /// <summary>An instance whose items wait for a human.</summary>
    private BatchFixture Waiting(TimeProvider? time = null)
    {
        var app = Instance(new ScriptedModels(ScriptedModels.Calls(("post", new { text = "x" }))), time);
        app.Worker.Agent = app.Worker.Agent with { Approvals = ["post"] };
        return app;
    }

    /// <summary>Ends the run of a batch's only item without a word to the batch.</summary>
    private async Task EndRunAsync(BatchFixture app, Batch batch, bool isDeleted)
    {
        var runId = Ids.BatchRun(_owner.Partition, batch.Id, 0, 1);
        await app.Worker.Control.CancelAsync(app.Worker.Scope, runId, CancellationToken.None);
        if (isDeleted)
        {
            await app.Worker.Control.DeleteAsync(app.Worker.Scope, runId, CancellationToken.None);
        }
    }
}
