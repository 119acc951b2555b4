using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

[Collection(WorkAzurite.Name)]
public sealed class BatchAcceptanceTests(AzuriteFixture azurite)
{
    /// <summary>Transactions of an upload of few items: its row, the items, and then the row again.</summary>
    private const int Commit = 3;

    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Commit_whose_answer_is_lost_is_the_batch_that_was_uploaded()
    {
        var app = Instance();
        app.Hook.AfterTransaction(Commit, () => throw new IOException("The connection was reset."));

        var (progress, created) = await AcceptAsync(app);

        Assert.Equal((true, 5), (created, progress.Counts.Total));
        await FinishAsync(app);
    }

    [Theory]
    [InlineData("the caller went away")]
    [InlineData("storage did not answer to the last")]
    public async Task Commit_that_nobody_waited_for_keeps_its_items(string why)
    {
        using var gone = new CancellationTokenSource();
        var app = Instance();
        app.Hook.AfterTransaction(Commit, why == "the caller went away" ? gone.Cancel : () => throw new InvalidOperationException(why));

        await Assert.ThrowsAnyAsync<Exception>(() => AcceptAsync(app, gone.Token));

        await FinishAsync(app);
    }

    [Fact]
    public async Task Commit_that_storage_holds_up_is_given_up_before_its_orchestration_gives_up()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var app = Instance(time);
        app.Hook.BeforeTransaction(Commit, () => time.Advance(TimeSpan.FromSeconds(15)));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AcceptAsync(app));

        Assert.Null(await FindAsync(app));
        Assert.Empty(await app.Worker.Batches.Items.PartitionsOfAsync(_owner.Partition, CancellationToken.None).ToListAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Commit_under_way_comes_too_late_once_its_upload_is_removed(bool isRowOfAnother)
    {
        var app = Instance();
        var store = app.Worker.Batches.Store;
        var upload = await app.AcceptAsync(1) with { Id = Ids.Batch(_owner.Partition, "key"), Status = BatchStatus.Accepting };
        var row = (await store.AddAsync(isRowOfAnother ? upload with { Upload = "another" } : upload, CancellationToken.None))!;

        await app.Worker.Batches.Removal.RemoveUploadAsync(upload, CancellationToken.None);

        Assert.Null(await store.ReplaceAsync(upload with { Status = BatchStatus.Running, ETag = row.ETag }, CancellationToken.None));
        Assert.Equal(isRowOfAnother ? "another" : null, (await FindAsync(app))?.Upload);
        Assert.Null(await app.Worker.Batches.Items.FindHeadAsync(upload.Items, CancellationToken.None));
    }

    [Fact]
    public async Task Upload_that_is_repeated_schedules_a_batch_that_goes_on_and_none_that_has_ended()
    {
        var app = Instance();
        await AcceptAsync(app);
        app.Scheduler.Batches.Clear();

        var (_, created) = await AcceptAsync(app);
        var running = app.Scheduler.Batches.ToList();
        await FinishAsync(app);
        app.Scheduler.Batches.Clear();
        await AcceptAsync(app);

        Assert.False(created);
        Assert.Equal((await FindAsync(app))!.Reference, Assert.Single(running));
        Assert.Empty(app.Scheduler.Batches);
    }

    [Fact]
    public async Task Orchestration_of_an_earlier_upload_that_gave_up_is_scheduled_again()
    {
        var app = Instance();
        List<BatchStatus?> found = [];
        app.Scheduler.OnBatchScheduled = async _ => found.Add((await FindAsync(app))?.Status);

        await AcceptAsync(app);

        Assert.Equal([BatchStatus.Accepting, BatchStatus.Running], found);
    }

    private BatchFixture Instance(TimeProvider? time = null) => new(azurite, new ScriptedModels(ScriptedModels.Says("Fine.")), _owner, time);

    private static Task<(BatchProgress Batch, bool Created)> AcceptAsync(BatchFixture app, CancellationToken requestAborted = default) =>
        app.Service.AcceptAsync(app.Caller, "key", new ListedUpload(5), requestAborted);

    private Task<Batch?> FindAsync(BatchFixture app) =>
        app.Worker.Batches.Store.FindAsync(_owner.Partition, Ids.Batch(_owner.Partition, "key"), CancellationToken.None);

    /// <summary>Runs the batch: all its items have to be there.</summary>
    private async Task FinishAsync(BatchFixture app)
    {
        app.Hook.After = _ => { };
        var batch = (await FindAsync(app))!;
        await app.FinishAsync(batch);
        var (ended, head) = await app.ReadAsync(batch);
        Assert.Equal((BatchStatus.Completed, 5), (ended.Status, head.Completed));
    }
}
