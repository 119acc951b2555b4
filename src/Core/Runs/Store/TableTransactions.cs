using Azure;
using Azure.Data.Tables;

namespace Yggdrasil.Runs.Store;

/// <summary>Entity-group transactions: what one takes, and how it is sent.</summary>
internal static class TableTransactions
{
    public const int MaxEntities = 100;

    /// <summary>Of the 4 MiB that a transaction may have: sizes are estimated.</summary>
    public const int MaxBytes = 3 * 1024 * 1024;

    private const int BytesPerEntity = 2048;

    /// <returns>The new version of each entity, in their order.</returns>
    public static async Task<List<ETag>> SubmitAsync(
        TableClient table, IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        if (actions is [{ ActionType: TableTransactionActionType.UpdateMerge } only])
        {
            // A single change needs no batch, which costs more on both sides.
            var response = await table.UpdateEntityAsync((TableEntity)only.Entity, only.ETag, TableUpdateMode.Merge, cancellationToken);
            return [response.Headers.ETag ?? default];
        }

        var answers = await table.SubmitTransactionAsync(actions, cancellationToken);
        return [.. answers.Value.Select(answer => answer.Headers.ETag ?? default)];
    }

    /// <summary>About what an action takes on the wire: JSON, binaries in Base64.</summary>
    public static int SizeOf(TableTransactionAction action)
    {
        var size = BytesPerEntity;
        foreach (var (name, value) in (TableEntity)action.Entity)
        {
            size += name.Length + value switch
            {
                byte[] bytes => ((bytes.Length + 2) / 3 * 4) + 64,
                string text => text.Length * 3,
                _ => 64,
            };
        }

        return size;
    }
}
