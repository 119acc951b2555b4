using Azure;
using Azure.Data.Tables;

namespace Yggdrasil.Storage.Due;

/// <summary>The Due table: what is to be looked at on which day, so that nothing has to be searched for.</summary>
/// <remarks>
/// An item of an owner has a second row, in the owner's own partition, which says where it is: so that deleting everything of
/// an owner finds it without reading past others. That one is written first and removed last.
/// </remarks>
internal sealed class DueStore(StorageClients storage, UnknownValues unknown)
{
    private const string Kind = "Kind";
    private const string About = "About";
    private const string Partition = "Owner";

    public async Task AddAsync(DueItem item, CancellationToken cancellationToken)
    {
        if (item.Partition.Length > 0)
        {
            var work = await storage.GetWorkTableAsync(cancellationToken);
            await work.UpsertEntityAsync(Fill(item, new TableEntity(item.Partition, IndexKey(item))), TableUpdateMode.Replace, cancellationToken);
        }

        var due = await storage.GetDueTableAsync(cancellationToken);
        await due.UpsertEntityAsync(Fill(item, new TableEntity(item.Bucket, item.RowKey)), TableUpdateMode.Replace, cancellationToken);
    }

    public async Task RemoveAsync(DueItem item, CancellationToken cancellationToken)
    {
        var due = await storage.GetDueTableAsync(cancellationToken);
        await due.DeleteEntityAsync(item.Bucket, item.RowKey, ETag.All, cancellationToken);
        if (item.Partition.Length > 0)
        {
            var work = await storage.GetWorkTableAsync(cancellationToken);
            await work.DeleteEntityAsync(item.Partition, IndexKey(item), ETag.All, cancellationToken);
        }
    }

    /// <summary>What is due on a day, or was before it, the longest overdue first. What only a newer version knows is left where it is.</summary>
    public async IAsyncEnumerable<DueItem> ListAsync(
        DateOnly day, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var due = await storage.GetDueTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter($"PartitionKey le {DueItem.Text(day)}");
        await foreach (var row in due.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken))
        {
            if (Read(row, row.PartitionKey) is { } item)
            {
                yield return item;
            }
        }
    }

    /// <summary>Removes the items that an owner's own rows name; the rows themselves are the caller's.</summary>
    public async Task RemoveNamedAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        var due = await storage.GetDueTableAsync(cancellationToken);
        foreach (var row in rows.Where(row => row.RowKey.StartsWith(RowKeys.DuePrefix, StringComparison.Ordinal)))
        {
            // By its text: also that of a kind that is unknown here must not outlive its owner's data.
            if (row.RowKey.Split('!') is [_, var bucket, ..] && row.GetString(Kind) is { } kind && row.GetString(About) is { } about)
            {
                await due.DeleteEntityAsync(bucket, DueItem.RowKeyOf(row.PartitionKey, kind, about), ETag.All, cancellationToken);
            }
        }
    }

    private static TableEntity Fill(DueItem item, TableEntity row)
    {
        row[Kind] = item.Kind.ToString();
        row[Partition] = item.Partition;
        row[About] = item.About;
        return row;
    }

    private DueItem? Read(TableEntity row, string bucket)
    {
        if (!DueItem.TryParse(bucket, out var day))
        {
            unknown.Add("Due", "bucket", bucket);
            return null;
        }

        if (StoredEnum.Read<DueKind>(row.GetString(Kind)) is { } kind && row.GetString(Partition) is { } partition && row.GetString(About) is { } about)
        {
            return new DueItem(day, kind, partition, about);
        }

        unknown.Add("Due", Kind, row.GetString(Kind));
        return null;
    }

    private static string IndexKey(DueItem item) => RowKeys.Due(item.Bucket, item.Kind.ToString(), item.About);
}
