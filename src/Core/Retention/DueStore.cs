using Azure;
using Azure.Data.Tables;
using Yggdrasil.Storage;

namespace Yggdrasil.Retention;

/// <summary>The Due table: what is to be looked at on which day, so that nothing has to be searched for.</summary>
/// <remarks>
/// An item of an owner has a second row, in the owner's own partition, which says where it is: so that deleting everything of
/// an owner finds it without reading past others. That one is written first and removed last.
/// </remarks>
internal sealed class DueStore(StorageClients storage)
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

    /// <summary>What is due on a day, or was before it, the longest overdue first.</summary>
    public async IAsyncEnumerable<DueItem> ListAsync(
        DateOnly day, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var due = await storage.GetDueTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter($"PartitionKey le {DueItem.Text(day)}");
        await foreach (var row in due.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken))
        {
            yield return Read(row, row.PartitionKey);
        }
    }

    /// <summary>Removes the items that an owner's own rows name; the rows themselves are the caller's.</summary>
    public async Task RemoveNamedAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        var due = await storage.GetDueTableAsync(cancellationToken);
        foreach (var row in rows.Where(row => row.RowKey.StartsWith(RowKeys.DuePrefix, StringComparison.Ordinal)))
        {
            var item = Read(row, row.RowKey.Split('!')[1]);
            await due.DeleteEntityAsync(item.Bucket, item.RowKey, ETag.All, cancellationToken);
        }
    }

    private static TableEntity Fill(DueItem item, TableEntity row)
    {
        row[Kind] = item.Kind.ToString();
        row[Partition] = item.Partition;
        row[About] = item.About;
        return row;
    }

    private static DueItem Read(TableEntity row, string bucket) => new(
        DueItem.Parse(bucket), Enum.Parse<DueKind>(row.GetString(Kind)), row.GetString(Partition), row.GetString(About));

    private static string IndexKey(DueItem item) => RowKeys.Due(item.Bucket, item.Kind.ToString(), item.About);
}
