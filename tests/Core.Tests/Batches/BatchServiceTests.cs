using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

[Collection(WorkAzurite.Name)]
public sealed class BatchServiceTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Round_that_is_looked_at_before_it_is_begun_is_driven_all_the_same()
    {
        var app = Instance();
        var batch = await FailedAsync(app);
        List<BatchSliceEnd> looks = [];
        app.Scheduler.OnBatchScheduled = async reference =>
            looks.Add((await app.Driver.AdvanceAsync(reference, CancellationToken.None)).End);

        var retried = await RetryAsync(app, batch);

        // The first came before the commit, the second after it.
        Assert.Equal([BatchSliceEnd.Missing, BatchSliceEnd.Finished], looks);
        Assert.Equal((BatchStatus.Running, 2), (retried.Batch.Status, retried.Batch.Round));
        Assert.Equal(BatchStatus.Completed, (await app.ReadAsync(batch)).Batch.Status);
    }

    [Fact]
    public async Task Retry_whose_answer_is_lost_begins_one_round_and_is_no_conflict()
    {
        var app = Instance();
        var batch = await FailedAsync(app);
        app.Hook.AfterTransaction(1, () => throw new IOException("The connection was reset."));

        var retried = await RetryAsync(app, batch);
        var again = await Assert.ThrowsAsync<ConflictException>(() => RetryAsync(app, batch));

        Assert.Equal((BatchStatus.Running, 2), (retried.Batch.Status, retried.Batch.Round));
        Assert.Equal("The batch has not ended.", again.Message);
        await app.FinishAsync(retried.Batch);
        Assert.Equal((2, 0), ((await app.ReadAsync(batch)).Batch.Round, (await app.ReadAsync(batch)).Head.Pending));
    }

    [Fact]
    public async Task Cancel_brings_back_a_batch_that_nobody_drives()
    {
        var app = Instance();
        var batch = await app.AcceptAsync(3);

        await app.Service.CancelAsync(app.Worker.Scope, batch.Id, CancellationToken.None);

        Assert.Equal(batch.Reference, Assert.Single(app.Scheduler.Batches));
        Assert.Equal(Ids.BatchDriver(batch.Id, 1), Assert.Single(app.Scheduler.Woken));
    }

    private BatchFixture Instance() => new(azurite, new ScriptedModels(ScriptedModels.Says("Fine.")), _owner);

    /// <summary>A batch that has ended, its only item failed.</summary>
    private static async Task<Batch> FailedAsync(BatchFixture app)
    {
        var batch = await app.AcceptAsync(1);
        await app.Worker.Batches.Ledger.RecordAsync(
            batch.Items, [BatchItemResult.Failed(0, 1, new RunError("refused", "No."))], known: null, head => head, CancellationToken.None);
        await app.FinishAsync(batch);
        return (await app.ReadAsync(batch)).Batch;
    }

    private static Task<BatchProgress> RetryAsync(BatchFixture app, Batch batch) =>
        app.Service.RetryAsync(app.Worker.Scope, batch.Id, CancellationToken.None);
}
