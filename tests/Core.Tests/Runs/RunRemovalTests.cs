using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

/// <summary>What is left of a run that was deleted, and for how long.</summary>
[Collection(RunsAzurite.Name)]
public sealed class RunRemovalTests(AzuriteFixture azurite)
{
    private const int Days = 30;

    private readonly TestTools _tools = new();
    private readonly Owner _owner = DriverFixture.NewOwner();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Deleted_run_leaves_a_tombstone_and_nothing_else()
    {
        var worker = Worker([Calls(("echo", new { text = new string('a', 40_000) })), Says(new string('b', 50_000))]);
        worker.Agent = worker.Agent with { Approvals = ["echo"], Approvers = ["user:bob", "role:boss"], Instructions = new string('i', 32_000) };
        var run = await worker.StartAsync();
        await worker.AdvanceAsync(run);
        await ApproveAllAsync(worker, run);
        await worker.FinishAsync(run);
        Assert.NotEmpty(await BlobsAsync(worker));

        await worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None);

        var row = Assert.Single(await RowsAsync(worker, _owner.Partition), row => !row.RowKey.StartsWith(RowKeys.DuePrefix, StringComparison.Ordinal));
        Assert.Equal(RowKeys.Run(run.Id), row.RowKey);
        Assert.DoesNotContain(row, property => property.Value is byte[]);
        Assert.Empty(await BlobsAsync(worker));
        Assert.Empty(await RowsAsync(worker, Owner.RolePartition("dev", "boss"), run.Id));
        Assert.Empty(await RowsAsync(worker, Owner.RolePartition("dev", "admin"), run.Id));
        Assert.Equal([run.Id, $"{run.Id}-1", $"{run.Id}-2"], worker.Scheduler.Purged.Order());
        Assert.Empty((await worker.Lists.ListAsync(_owner, new RunFilter(), 10, null, CancellationToken.None)).Items);
        Assert.Null(await worker.Store.FindAsync(_owner.Partition, run.Id, CancellationToken.None));
        Assert.Equal(SliceEnd.Missing, (await worker.AdvanceAsync(run)).End);
        Assert.Equal(SliceEnd.Finished, (await worker.Driver.FailAsync(worker.Reference(run), "err_1", CancellationToken.None)).End);
        await Assert.ThrowsAsync<NotFoundException>(() => worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_writes_under_a_tombstone()
    {
        var worker = Worker([Says("Done.")]);
        var run = await worker.FinishAsync(await worker.StartAsync());
        await worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None);

        Assert.Null(await worker.Store.CommitAsync(run, [], CancellationToken.None));
        Assert.Null(await worker.Store.StartAsync(run, [new JournalEntry { Kind = EntryKind.Input }], CancellationToken.None));
        Assert.Null(await worker.Store.FlagAsync(run, cancel: true, suspend: false, status: null, CancellationToken.None));
    }

    [Fact]
    public async Task Deletion_interrupted_at_any_request_is_finished_by_repeating_it()
    {
        for (var allowed = 0; ; allowed++)
        {
            var worker = Worker([Calls(("echo", new { text = "a" })), Says(new string('b', 40_000))]);
            var run = await worker.FinishAsync(await worker.StartAsync());
            var left = allowed;
            worker.Requests.OnRequest = () =>
            {
                if (left-- == 0)
                {
                    throw new InvalidOperationException("The process dies here.");
                }
            };
            var whole = true;
            try
            {
                await worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None);
            }
            catch (InvalidOperationException)
            {
                whole = false;
            }

            worker.Requests.OnRequest = () => { };
            if (whole)
            {
                Assert.True(allowed > 5, "Nothing was interrupted.");
                return;
            }

            await worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None);
            Assert.DoesNotContain(await RowsAsync(worker, _owner.Partition), row => row.Any(property => property.Value is byte[]) || row.RowKey.StartsWith("list!", StringComparison.Ordinal));
            Assert.Empty(await BlobsAsync(worker));
        }
    }

    [Fact]
    public async Task Deletion_that_was_cut_short_the_timer_completes()
    {
        var worker = Worker([Says(new string('b', 50_000))], _time);
        var run = await worker.FinishAsync(await worker.StartAsync());
        worker.Scheduler.IsRunning = _ => throw new TimeoutException();
        await Assert.ThrowsAsync<TimeoutException>(() => worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None));
        worker.Scheduler.IsRunning = _ => false;

        _time.Advance(TimeSpan.FromDays(1));
        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.Contains(run.Id, worker.Scheduler.Purged);
        await Assert.ThrowsAsync<NotFoundException>(() => worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None));
        Assert.Null(await worker.Store.StartAsync(run, [new JournalEntry { Kind = EntryKind.Input }], CancellationToken.None));
    }

    [Fact]
    public async Task Tombstone_goes_when_its_run_would_have()
    {
        var worker = Worker([Says("Done.")], _time);
        var run = await worker.FinishAsync(await worker.StartAsync());
        await worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None);

        _time.Advance(TimeSpan.FromDays(Days));
        await worker.Retention.RunAsync(CancellationToken.None);
        var kept = await RowsAsync(worker, _owner.Partition);
        _time.Advance(TimeSpan.FromDays(2));
        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.Contains(kept, row => row.RowKey == RowKeys.Run(run.Id));
        Assert.Empty(await RowsAsync(worker, _owner.Partition));
    }

    [Fact]
    public async Task History_that_has_not_ended_is_purged_by_the_timer()
    {
        var worker = Worker([Says("Done.")], _time);
        var run = await worker.FinishAsync(await worker.StartAsync());
        worker.Scheduler.IsRunning = instance => instance == $"{run.Id}-1";
        await worker.Control.DeleteAsync(worker.Scope, run.Id, CancellationToken.None);
        worker.Scheduler.IsRunning = _ => false;
        worker.Scheduler.Purged.Clear();

        _time.Advance(TimeSpan.FromDays(1));
        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.Contains($"{run.Id}-1", worker.Scheduler.Purged);
        Assert.DoesNotContain(run.Id, worker.Scheduler.Purged);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("its owner's data is deleted")]
    public async Task What_led_others_to_its_calls_goes_with_a_run(string why)
    {
        var worker = Worker([Calls(("echo", new { text = "a" }))], _time);
        worker.Agent = worker.Agent with { Approvals = ["echo"], Approvers = ["user:bob", "role:boss"] };
        var run = await worker.StartAsync();
        await worker.AdvanceAsync(run);
        string[] elsewhere = [Owner.RolePartition("dev", "boss"), Owner.RolePartition("dev", "admin"), (_owner with { User = "bob" }).Partition];
        foreach (var partition in elsewhere)
        {
            Assert.Single(await RowsAsync(worker, partition, run.Id));
        }

        if (why == "expired")
        {
            await worker.Control.CancelAsync(worker.Scope, run.Id, CancellationToken.None);
            _time.Advance(TimeSpan.FromDays(Days + 2));
            await worker.Retention.RunAsync(CancellationToken.None);
        }
        else
        {
            await worker.UserData.RemoveAsync(_owner, TimeSpan.FromMinutes(5), CancellationToken.None);
        }

        foreach (var partition in elsewhere)
        {
            Assert.Empty(await RowsAsync(worker, partition, run.Id));
        }
    }

    [Fact]
    public async Task Export_passes_over_what_is_left_of_a_deleted_run()
    {
        var worker = Worker([Says("Done.")]);
        var deleted = await worker.FinishAsync(await worker.StartAsync());
        var kept = await worker.FinishAsync(await worker.StartAsync());
        await worker.Control.DeleteAsync(worker.Scope, deleted.Id, CancellationToken.None);

        var items = await worker.Export.ReadAsync(worker.Scope, CancellationToken.None).ToListAsync();

        Assert.Equal(kept.Id, Assert.Single(items.OfType<ExportItem.OfRun>()).Run.Id);
        Assert.Empty(items.OfType<ExportItem.Unreadable>());
    }

    private DriverFixture Worker(Func<IReadOnlyList<ChatMessage>, Task<ChatResponse>>[] answers, TimeProvider? time = null) => new(
        azurite, new ScriptedModels(answers), _tools, _owner, time: time, retention: new RetentionOptions { Days = Days });

    private static async Task ApproveAllAsync(DriverFixture worker, Run run)
    {
        foreach (var pending in (await worker.LoadAsync(run)).Run.PendingApprovals)
        {
            var decision = new Decision(ApprovalOutcome.Approve, pending.ArgumentsHash);
            await worker.Decisions.DecideAsync(worker.Scope, run.Id, pending.CallId, decision, CancellationToken.None);
        }
    }

    /// <summary>What the owner has used stays when runs go.</summary>
    private static async Task<List<TableEntity>> RowsAsync(DriverFixture worker, string partition, string contains = "")
    {
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        return await table.QueryAsync<TableEntity>(row => row.PartitionKey == partition)
            .Where(row => row.RowKey != RowKeys.Quota && !row.RowKey.StartsWith(RowKeys.UsagePrefix, StringComparison.Ordinal))
            .Where(row => row.RowKey.Contains(contains, StringComparison.Ordinal)).ToListAsync();
    }

    private async Task<List<string>> BlobsAsync(DriverFixture worker)
    {
        var container = await worker.Storage.GetContentContainerAsync(CancellationToken.None);
        return await container.GetBlobsAsync(default, default, $"{_owner.Partition}/", CancellationToken.None)
            .Select(blob => blob.Name).ToListAsync();
    }
}
