using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Operations.Reprotection;
using Yggdrasil.Protection;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Storage.Reprotection;

public sealed class BatchReprotectionTests(ReprotectionFixture app) : IClassFixture<ReprotectionFixture>
{
    private const int NothingLeft = 4012;

    [Fact]
    public async Task After_a_rotation_a_batch_and_its_items_read_without_the_old_key()
    {
        var batch = new Batch
        {
            Id = Ids.Batch("", null),
            Caller = new Caller(DriverFixture.NewOwner(), new HashSet<string>()),
            Status = BatchStatus.Running,
            Upload = Ids.NewUnique(),
            CreatedAt = DateTimeOffset.UtcNow,
            RequestHash = "hash",
            Agent = new AgentSnapshot(
                "helper", 1, "key", new AgentDefinition { Model = "scripted:one", Instructions = ReprotectionFixture.Large }),
        };
        string[] inputs = [ReprotectionFixture.Small, ReprotectionFixture.Large];
        var (old, oldItems) = Stores(app.Old);
        await old.AddAsync(batch, CancellationToken.None);
        await oldItems.AddAsync(
            batch.Items, 0, [.. inputs.Select(text => new NewBatchItem(text[..1], [new ChatMessage(ChatRole.User, text)]))], CancellationToken.None);

        List<int> told = [];
        while (!told.Contains(NothingLeft))
        {
            // Few rows at a time: the scan goes from one table to the other in between.
            var (timer, log) = app.Timer(new ReprotectionOptions { RowsPerRun = 1 });
            await timer.RunAsync(CancellationToken.None);
            told.AddRange(log.EventIds);
        }

        var (store, items) = Stores(app.New);
        var read = await store.FindAsync(batch.Caller.Owner.Partition, batch.Id, CancellationToken.None);
        var found = items.ListAsync(batch.Items, 0, state: null, withInput: true, CancellationToken.None);
        var texts = await found.Select(async (item, token) => (await items.OpenInputAsync(batch.Items, item, token))[0].Text).ToListAsync();
        Assert.Equal((ReprotectionFixture.Large, "hash"), (read!.Agent!.Definition.Instructions, read.RequestHash));
        Assert.Equal(inputs, texts);
    }

    private (BatchStore Batches, BatchItemStore Items) Stores(ContentProtector protector)
    {
        var (_, storage, vault, _, _) = app.Connect(protector);
        return (new BatchStore(storage, vault, TestUnknown.Values), new BatchItemStore(storage, vault, TestUnknown.Values));
    }
}
