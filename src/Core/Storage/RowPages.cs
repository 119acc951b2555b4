using Azure.Data.Tables;

namespace Yggdrasil.Storage;

/// <summary>Lists of an owner whose rows share a prefix, page by page in the order of their keys.</summary>
internal static class RowPages
{
    /// <param name="prefix">Of the rows' keys; it ends in '!'.</param>
    public static async Task<int> CountAsync(this TableClient table, string partition, string prefix, CancellationToken cancellationToken) =>
        await table.QueryAsync<TableEntity>(From(partition, prefix, prefix), select: ["RowKey"], cancellationToken: cancellationToken)
            .CountAsync(cancellationToken);

    /// <param name="prefix">Of the rows' keys; it ends in '!'.</param>
    /// <param name="after">The row key of the last one shown; null for the first page.</param>
    /// <param name="read">Makes an item of a row.</param>
    public static async Task<ListPage<T>> ReadPageAsync<T>(
        this TableClient table, string partition, string prefix, int limit, string? after, Func<TableEntity, Task<T>> read,
        CancellationToken cancellationToken)
    {
        var from = after is null ? prefix : RowKeys.EndOfChildren(after);
        List<T> found = [];
        string? last = null;
        await foreach (var row in table.QueryAsync<TableEntity>(From(partition, prefix, from), limit + 1, cancellationToken: cancellationToken))
        {
            if (found.Count == limit)
            {
                return new ListPage<T>(found, last);
            }

            found.Add(await read(row));
            last = row.RowKey;
        }

        return new ListPage<T>(found, Next: null);
    }

    private static string From(string partition, string prefix, string from) => RowKeys.Range(partition, from, RowKeys.EndOfPrefix(prefix));
}
