using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

[Collection(WorkAzurite.Name)]
public sealed class BatchItemStoreTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Items_just_small_enough_for_their_rows_fit_into_transactions_on_the_wire()
    {
        const int Largest = 4 * 1024 * 1024;
        var app = new BatchFixture(azurite, new ScriptedModels(), DriverFixture.NewOwner());
        var store = app.Worker.Batches.Items;
        List<long> sizes = [];
        app.Hook.Before = message =>
        {
            if (RequestHook.IsTransaction(message))
            {
                sizes.Add(message.Request.Content!.TryComputeLength(out var length) ? length : long.MaxValue);
            }
        };
        var items = Enumerable.Range(0, BatchItemStore.MaxPerCommit)
            .Select(i => new NewBatchItem($"row-{i}", [new ChatMessage(ChatRole.User, new string('x', 32_000))])).ToList();

        await store.AddAsync("large", 0, items, CancellationToken.None);

        var stored = await store.ListAsync("large", 0, state: null, withInput: false, CancellationToken.None).CountAsync();
        Assert.All(sizes, size => Assert.InRange(size, 1, Largest));
        Assert.Equal(items.Count, stored);
    }

    [Fact]
    public async Task Items_and_head_are_written_once_though_their_answers_are_lost()
    {
        var app = new BatchFixture(azurite, new ScriptedModels(), DriverFixture.NewOwner());
        var (store, part) = (app.Worker.Batches.Items, Ids.NewUnique());
        var lost = 0;
        app.Hook.After = _ =>
        {
            if (lost++ % 2 == 0)
            {
                throw new IOException("The connection was reset.");
            }
        };

        await store.AddAsync(part, 0, [new NewBatchItem("one", [new ChatMessage(ChatRole.User, "x")])], CancellationToken.None);
        await store.AddHeadAsync(part, new BatchHead { Total = 1 }, CancellationToken.None);

        app.Hook.After = _ => { };
        Assert.Equal(1, (await store.FindHeadAsync(part, CancellationToken.None))!.Total);
        Assert.Equal("one", (await store.FindAsync(part, 0, CancellationToken.None))!.Id);
    }
}
