using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using Yggdrasil.Protection;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Operations.UserData;

/// <summary>A batch with its items, for the export of its owner's data.</summary>
internal sealed class BatchExport(BatchItemStore items)
{
    /// <param name="row">The batch's.</param>
    public async IAsyncEnumerable<ExportItem> ReadAsync(TableEntity row, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = BatchRow.ReadPlain(row);
        if (batch.IsDeleted || await items.FindHeadAsync(batch.Items, cancellationToken) is not { } head)
        {
            yield break;
        }

        yield return new ExportItem.OfBatch(new BatchProgress(batch, head.Counts, head.CostUsd));
        await foreach (var item in items.ListAsync(batch.Items, 0, state: null, withInput: true, cancellationToken))
        {
            yield return await ReadAsync(batch, item, cancellationToken);
        }
    }

    private async Task<ExportItem> ReadAsync(Batch batch, BatchItem item, CancellationToken cancellationToken)
    {
        try
        {
            return new ExportItem.OfBatchItem(batch.Id, item.Id, await items.OpenInputAsync(batch.Items, item, cancellationToken));
        }
        catch (ContentProtectionException)
        {
            return new ExportItem.Unreadable("batch_item", $"{batch.Id}/{item.Id}");
        }
    }
}
