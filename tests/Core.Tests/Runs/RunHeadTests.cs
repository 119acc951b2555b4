using System.Reflection;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Runs.Model;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Storage;
using static Yggdrasil.Tests.Runs.ScriptedModels;

namespace Yggdrasil.Tests.Runs;

[Collection(RunsAzurite.Name)]
public sealed class RunHeadTests(AzuriteFixture azurite)
{
    private readonly Owner _owner = DriverFixture.NewOwner();

    [Fact]
    public async Task Head_says_what_the_opened_run_says()
    {
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner);
        var run = await worker.FinishAsync(await worker.StartAsync(run => run with { ConversationId = "talk", Stream = true, NotBefore = run.CreatedAt }));

        var head = await worker.Store.FindHeadAsync(_owner.Partition, run.Id, CancellationToken.None);

        Assert.IsType<RunHead>(head);
        Assert.All(Plain, property => Assert.Equal(property.GetValue(run), property.GetValue(head)));
    }

    [Fact]
    public async Task Head_is_read_where_the_content_cannot_be()
    {
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner);
        var run = await worker.StartAsync();
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        await table.UpdateEntityAsync(new TableEntity(_owner.Partition, RowKeys.Run(run.Id)) { ["Agent"] = new byte[] { 1, 2, 3 } }, ETag.All);

        var head = await worker.Store.FindHeadAsync(_owner.Partition, run.Id, CancellationToken.None);

        Assert.Equal((run.Id, run.Driver, RunStatus.Queued), (head!.Id, head.Driver, head.Status));
        await Assert.ThrowsAnyAsync<ContentProtectionException>(() => worker.Store.FindAsync(_owner.Partition, run.Id, CancellationToken.None));
    }

    /// <summary>A row that was copied into another owner's partition is that owner's.</summary>
    [Fact]
    public async Task Whose_a_run_is_follows_from_where_its_row_is()
    {
        var worker = new DriverFixture(azurite, new ScriptedModels(Says("Done.")), new TestTools(), _owner);
        var run = await worker.StartAsync();
        var table = await worker.Storage.GetWorkTableAsync(CancellationToken.None);
        var row = (await table.GetEntityAsync<TableEntity>(_owner.Partition, RowKeys.Run(run.Id))).Value;
        var other = DriverFixture.NewOwner();
        row.PartitionKey = other.Partition;
        await table.AddEntityAsync(row);

        var head = await worker.Store.FindHeadAsync(other.Partition, run.Id, CancellationToken.None);

        Assert.Equal(other, head!.Caller.Owner);
    }

    /// <summary>All that a head says, but the caller, whose roles are not in plain.</summary>
    private static IEnumerable<PropertyInfo> Plain => typeof(RunHead)
        .GetProperties(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.DeclaredOnly)
        .Where(property => property.Name is not ("EqualityContract" or nameof(RunHead.Caller)));
}
