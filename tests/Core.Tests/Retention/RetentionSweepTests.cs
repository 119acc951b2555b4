using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Conversations;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Retention;

/// <summary>What expires, when, and what goes with it.</summary>
[Collection(SharedAzurite.Name)]
public sealed class RetentionSweepTests(AzuriteFixture azurite)
{
    private const int Days = 30;

    private readonly ConversationFixture _talk = new(azurite);
    private readonly RecordingScheduler _scheduler = new();

    // Blobs have the time of the storage, so this clock begins with it.
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Fact]
    public async Task Run_and_conversation_go_with_all_they_have_when_their_time_has_passed()
    {
        var worker = Worker();
        await TurnAsync(worker);
        await TurnAsync(worker);
        var run = await RunAsync(worker);
        Assert.True(await _talk.BlobsAsync(worker) > 0);

        await SweepAsync(worker, Days);
        var kept = await _talk.RowKeysAsync(worker);
        await SweepAsync(worker, 2);

        Assert.Contains($"run!{run.Id}", kept);
        Assert.Contains("conv!talk-1", kept);
        Assert.Empty(await _talk.RowKeysAsync(worker));
        Assert.Equal(0, await _talk.BlobsAsync(worker));
        Assert.Contains(run.Id, _scheduler.Purged);
        Assert.Empty(await DueAsync(worker));
    }

    [Fact]
    public async Task Conversation_that_goes_on_is_kept_and_so_are_its_runs()
    {
        var worker = Worker();
        var first = await TurnAsync(worker);
        _time.Advance(TimeSpan.FromDays(20));
        await TurnAsync(worker);

        await SweepAsync(worker, 20);
        var kept = await _talk.RowKeysAsync(worker);
        await SweepAsync(worker, 12);

        Assert.Contains($"run!{first.Id}", kept);
        Assert.Empty(await _talk.RowKeysAsync(worker));
    }

    [Fact]
    public async Task Run_that_ended_late_is_kept_from_its_end_on()
    {
        var worker = Worker();
        worker.Agent = worker.Agent with { DeadlineSeconds = 7 * 24 * 3600 };
        var run = await worker.StartAsync();
        _time.Advance(TimeSpan.FromDays(6));
        await worker.FinishAsync(run);

        await SweepAsync(worker, 26);
        var kept = await _talk.RowKeysAsync(worker);
        await SweepAsync(worker, 6);

        Assert.Contains($"run!{run.Id}", kept);
        Assert.Empty(await _talk.RowKeysAsync(worker));
    }

    [Fact]
    public async Task Agents_say_how_long_and_0_keeps_for_ever()
    {
        var worker = Worker();
        var agent = worker.Agent;
        worker.Agent = agent with { RetentionDays = 0 };
        var forever = await RunAsync(worker);
        worker.Agent = agent with { RetentionDays = 5 };
        var briefly = await RunAsync(worker);

        await SweepAsync(worker, 7);
        var after = await _talk.RowKeysAsync(worker);
        await SweepAsync(worker, 1000);

        Assert.DoesNotContain($"run!{briefly.Id}", after);
        Assert.Contains($"run!{forever.Id}", await _talk.RowKeysAsync(worker));
    }

    [Fact]
    public async Task Run_that_has_not_ended_is_left_and_looked_at_again()
    {
        var worker = Worker();
        var run = await worker.StartAsync();

        await SweepAsync(worker, Days + 2);
        var kept = await _talk.RowKeysAsync(worker);
        await worker.FinishAsync(run);
        await SweepAsync(worker, 1);
        await SweepAsync(worker, Days + 1);

        Assert.Contains($"run!{run.Id}", kept);
        Assert.Empty(await _talk.RowKeysAsync(worker));
    }

    [Fact]
    public async Task What_does_not_fit_into_one_run_of_the_timer_is_left_to_the_next()
    {
        var worker = Worker();
        for (var i = 0; i < 3; i++)
        {
            await RunAsync(worker);
        }

        _time.Advance(TimeSpan.FromDays(Days + 2));

        // Longer for each run than the timer has.
        _scheduler.IsRunning = _ =>
        {
            _time.Advance(TimeSpan.FromMinutes(5));
            return false;
        };
        List<int> left = [];
        do
        {
            await worker.Retention.RunAsync(CancellationToken.None);
            left.Add((await _talk.RowKeysAsync(worker)).Count(key => key.StartsWith("list!", StringComparison.Ordinal)));
        }
        while (left[^1] > 0);

        // What other tests have left may be due before.
        Assert.Equal([2, 1, 0], left.Distinct().SkipWhile(count => count == 3));
    }

    [Fact]
    public async Task Sweep_that_finds_nothing_due_costs_one_request_however_much_is_stored()
    {
        // In the past nothing of other tests is due.
        var past = new FakeTimeProvider(new DateTimeOffset(1999, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var worker = new DriverFixture(
            azurite, new ScriptedModels(Says("Done.")), _talk.Tools, _talk.Owner, time: past, retention: new RetentionOptions { Days = Days });
        for (var i = 0; i < 20; i++)
        {
            await worker.FinishAsync(await worker.StartAsync());
        }

        await worker.Retention.RunAsync(CancellationToken.None);
        var before = worker.Requests.Count;
        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.Equal(1, worker.Requests.Count - before);
    }

    [Fact]
    public async Task Day_is_written_down_once_however_many_runs_it_has()
    {
        var worker = Worker();
        for (var i = 0; i < 5; i++)
        {
            await RunAsync(worker);
        }

        Assert.Equal(["Blobs", "Expiry"], (await DueAsync(worker)).Select(row => row.GetString("Kind")).Order());
    }

    [Fact]
    public async Task Blob_that_no_row_refers_to_is_removed_and_others_are_not()
    {
        var worker = Worker();
        await RunAsync(worker);
        var used = await _talk.BlobsAsync(worker);
        await worker.Vault.SealAsync(
            new byte[40_000], new ContentAddress("Work", _talk.Owner.Partition, "run!run_crashed", "Output"), CancellationToken.None);

        await worker.Retention.RunAsync(CancellationToken.None);
        var young = await _talk.BlobsAsync(worker);
        await SweepAsync(worker, 3);

        Assert.Equal(used + 1, young);
        Assert.Equal(used, await _talk.BlobsAsync(worker));
    }

    [Fact]
    public async Task Blob_says_what_it_was_written_for()
    {
        var worker = Worker();
        await RunAsync(worker);
        var container = await worker.Storage.GetContentContainerAsync(CancellationToken.None);
        var blobs = await container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, $"{_talk.Owner.Partition}/", CancellationToken.None).ToListAsync();

        Assert.All(blobs, blob => Assert.Equal(["property", "row", "table"], blob.Metadata.Keys.Order()));
    }

    [Fact]
    public async Task Deletion_of_a_conversation_that_was_cut_short_is_completed()
    {
        var worker = Worker();
        await TurnAsync(worker);
        var conversation = await _talk.GetAsync(worker);
        _scheduler.IsRunning = _ => throw new TimeoutException();
        await Assert.ThrowsAsync<TimeoutException>(() => worker.Removal.RemoveAsync(conversation, CancellationToken.None));
        _scheduler.IsRunning = _ => false;
        await Assert.ThrowsAsync<NotFoundException>(() => _talk.GetAsync(worker));

        await worker.Retention.RunAsync(CancellationToken.None);

        Assert.DoesNotContain(await _talk.RowKeysAsync(worker), key => !key.StartsWith("due!", StringComparison.Ordinal));
    }

    [Fact]
    public async Task History_that_cannot_be_purged_yet_is_purged_later()
    {
        var worker = Worker();
        var run = await RunAsync(worker);
        _scheduler.IsRunning = id => id == Ids.Driver(run.Id, 1);
        await SweepAsync(worker, Days + 2);
        _scheduler.IsRunning = _ => false;
        _scheduler.Purged.Clear();

        await SweepAsync(worker, 1);

        Assert.Contains(Ids.Driver(run.Id, 1), _scheduler.Purged);
        Assert.DoesNotContain(run.Id, _scheduler.Purged);
    }

    [Fact]
    public async Task What_fails_keeps_nothing_else_from_its_turn_and_is_tried_again()
    {
        var worker = Worker();
        var failing = await RunAsync(worker);
        _time.Advance(TimeSpan.FromDays(1));
        var next = await RunAsync(worker);
        _scheduler.IsRunning = id => id.StartsWith(failing.Id, StringComparison.Ordinal) ? throw new TimeoutException() : false;

        await SweepAsync(worker, Days + 2);
        var kept = await _talk.RowKeysAsync(worker);
        _scheduler.IsRunning = _ => false;
        await SweepAsync(worker, 1);

        Assert.DoesNotContain($"run!{next.Id}", kept);
        Assert.Contains(kept, key => key.StartsWith("due!", StringComparison.Ordinal));
        Assert.Empty(await _talk.RowKeysAsync(worker));
        Assert.Contains(failing.Id, _scheduler.Purged);
    }

    private DriverFixture Worker() => new(
        azurite, new ScriptedModels(Says(new string('x', 50_000))), _talk.Tools, _talk.Owner, time: _time, retention: new RetentionOptions { Days = Days },
        scheduler: _scheduler);

    private static Task<Run> TurnAsync(DriverFixture worker) => ConversationFixture.TurnAsync(worker);

    private static async Task<Run> RunAsync(DriverFixture worker) => await worker.FinishAsync(await worker.StartAsync());

    private async Task SweepAsync(DriverFixture worker, int days)
    {
        _time.Advance(TimeSpan.FromDays(days));
        await worker.Retention.RunAsync(CancellationToken.None);
    }

    private async Task<IReadOnlyList<TableEntity>> DueAsync(DriverFixture worker)
    {
        var due = await worker.Storage.GetDueTableAsync(CancellationToken.None);
        return await due.QueryAsync<TableEntity>(row => row.GetString("Owner") == _talk.Owner.Partition).ToListAsync();
    }
}
