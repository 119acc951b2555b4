using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Retention;

/// <summary>What the Due table may hold that only a newer version knows.</summary>
[Collection(SharedAzurite.Name)]
public sealed class UnknownDueTests(AzuriteFixture azurite)
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly string _partition = $"dev!user-{Guid.NewGuid():N}";
    private readonly RecordedLog<UnknownValues> _log = new();

    [Fact]
    public async Task Unknown_kinds_are_passed_over_logged_once_and_left()
    {
        var (storage, _, _) = azurite.Connect();
        var due = new DueStore(storage, new UnknownValues(_log));
        var table = await storage.GetDueTableAsync(CancellationToken.None);
        var kind = $"Comet{Guid.NewGuid():N}";
        var today = DueItem.DayOf(_time.GetUtcNow());
        await table.AddEntityAsync(Row(DueItem.Text(today), "0", kind));
        await table.AddEntityAsync(Row(DueItem.Text(today), "1", kind));
        await table.AddEntityAsync(new TableEntity(DueItem.Text(today), $"{_partition}!2"));
        await due.AddAsync(new DueItem(today, DueKind.Tombstone, _partition, "run_1"), CancellationToken.None);

        for (var look = 1; look <= 2; look++)
        {
            var found = await due.ListAsync(today, CancellationToken.None).Where(item => item.Partition == _partition).ToListAsync();
            Assert.Equal(DueKind.Tombstone, Assert.Single(found).Kind);
        }

        Assert.Single(_log.Entries, entry => entry.Text.Contains(kind, StringComparison.Ordinal));
        Assert.Equal(4, await table.QueryAsync<TableEntity>(row => row.PartitionKey == DueItem.Text(today))
            .CountAsync(row => row.RowKey.StartsWith(_partition, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Item_of_an_unknown_kind_goes_with_all_data_of_its_owner()
    {
        var (storage, _, _) = azurite.Connect();
        var due = new DueStore(storage, new UnknownValues(_log));
        var table = await storage.GetDueTableAsync(CancellationToken.None);
        await table.AddEntityAsync(Row("2020-01-01", "x", "Comet"));
        var named = new TableEntity(_partition, RowKeys.Due("2020-01-01", "Comet", "x")) { ["Kind"] = "Comet", ["Owner"] = _partition, ["About"] = "x" };

        await due.RemoveNamedAsync([named], CancellationToken.None);

        Assert.False((await table.GetEntityIfExistsAsync<TableEntity>("2020-01-01", $"{_partition}!Comet!x")).HasValue);
    }

    private TableEntity Row(string day, string about, string kind) =>
        new(day, DueItem.RowKeyOf(_partition, kind, about)) { ["Kind"] = kind, ["Owner"] = _partition, ["About"] = about };
}
