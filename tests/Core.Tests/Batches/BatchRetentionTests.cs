using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

[Collection(WorkAzurite.Name)]
public sealed class BatchRetentionTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Batch_goes_with_all_it_has_when_its_time_has_passed_and_one_that_runs_stays()
    {
        var days = new RetentionOptions().Days;
        var app = Instance(days: 0);
        var ended = await AcceptAsync(app, "ended");
        await app.FinishAsync(ended);
        var running = await AcceptAsync(app, "running");
        var run = Ids.BatchRun(_owner.Partition, ended.Id, 0, 1);

        await SweepAsync(days);
        var kept = await RowKeysAsync(app);
        await SweepAsync(days + 2);

        // The removal was written down, in case it is cut short: the next occurrence finds it done.
        await SweepAsync(days + 2);
        var left = await RowKeysAsync(app);

        Assert.Contains($"run!{run}", kept);
        Assert.Contains(kept, key => key.Contains(ended.Id, StringComparison.Ordinal));
        Assert.DoesNotContain(left, key => key.Contains(run, StringComparison.Ordinal) || key.Contains(ended.Id, StringComparison.Ordinal));
        Assert.Null(await app.Worker.Batches.Items.FindHeadAsync(ended.Items, CancellationToken.None));
        Assert.Equal(0, await BlobsAsync(app, ended));
        Assert.Contains(left, key => key.Contains(running.Id, StringComparison.Ordinal));
        Assert.NotNull(await app.Worker.Batches.Items.FindHeadAsync(running.Items, CancellationToken.None));
        Assert.Equal(2, await BlobsAsync(app, running));
    }

    /// <summary>An instance of so many days later.</summary>
    private BatchFixture Instance(int days) =>
        new(azurite, new ScriptedModels(ScriptedModels.Says("Fine.")), _owner, new ShiftedTime(TimeSpan.FromDays(days)));

    private async Task SweepAsync(int days)
    {
        var app = Instance(days);
        await app.Worker.Retention.RunAsync(CancellationToken.None);
    }

    /// <summary>Of two items, each too large for its row.</summary>
    private async Task<Batch> AcceptAsync(BatchFixture app, string key)
    {
        await app.Service.AcceptAsync(app.Caller, key, new ListedUpload(2, new string('x', 50_000)), CancellationToken.None);
        return (await app.Worker.Batches.Store.FindAsync(_owner.Partition, Ids.Batch(_owner.Partition, key), CancellationToken.None))!;
    }

    private async Task<List<string>> RowKeysAsync(BatchFixture app)
    {
        var table = await app.Worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var rows = table.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {_owner.Partition}"), select: ["RowKey"]);
        return await rows.Select(row => row.RowKey).ToListAsync();
    }

    private static async Task<int> BlobsAsync(BatchFixture app, Batch batch)
    {
        var container = await app.Worker.Storage.GetContentContainerAsync(CancellationToken.None);
        return await container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{batch.Items}/", CancellationToken.None).CountAsync();
    }
}
