using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Fixtures;
using Yggdrasil.Tests.Runs;
using Yggdrasil.Tests.Storage;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Tests.Batches;

[Collection(WorkAzurite.Name)]
public sealed class BatchWatchTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task Cancel_is_seen_after_looks_that_failed()
    {
        var (time, log) = (new FakeTimeProvider(DateTimeOffset.UtcNow), new RecordedLog<BatchWatch>());
        var app = new BatchFixture(azurite, new ScriptedModels(), DriverFixture.NewOwner(), time);
        var batch = await app.AcceptAsync(1);
        await using var watch = new BatchWatch(app.Worker.Batches.Store, batch, time, log, CancellationToken.None);

        app.Hook.Before = _ => throw new AggregateException("Retry failed.", new IOException("Storage is away."));
        await Poll.UntilAsync(() => Looked(() => log.Entries.Count >= 2));
        app.Hook.Before = _ => { };
        await app.Worker.Batches.Store.UpdateAsync(batch with { CancelRequested = true }, CancellationToken.None);
        await Poll.UntilAsync(() => Looked(() => watch.Stop.IsCancellationRequested));

        Assert.True(watch.HasChanged);
        Assert.All(log.EventIds, id => Assert.Equal(1302, id));

        bool Looked(Func<bool> condition)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return condition();
        }
    }
}
