using System.Globalization;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Endings;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Work.Batches;

/// <summary>Counts an item whose run went on without its batch, and wakes the batch: it may have been the last.</summary>
internal sealed class BatchItemDelivery(BatchStore batches, BatchLedger ledger, IRunScheduler scheduler) : INoticeDelivery
{
    public const string KindName = "batch";

    public string Kind => KindName;

    /// <param name="target">Batch, upload, index and round, as <see cref="BatchItemRuns.NoticeOf"/> writes them.</param>
    public async Task DeliverAsync(RunHead ended, string target, CancellationToken cancellationToken)
    {
        if (target.Split('/') is not [var batchId, var upload, var index, var round])
        {
            throw new FormatException("The run's notice names no item of a batch.");
        }

        var partition = ended.Caller.Owner.Partition;
        var result = BatchItemResult.Of(
            int.Parse(index, CultureInfo.InvariantCulture), int.Parse(round, CultureInfo.InvariantCulture), ended);
        await ledger.RecordAsync(Batch.ItemsOf(partition, batchId, upload), [result], known: null, head => head, cancellationToken);
        if (await batches.FindPlainAsync(partition, batchId, cancellationToken) is { IsTerminal: false, IsDeleted: false } batch)
        {
            await scheduler.WakeAsync(Ids.BatchDriver(batchId, batch.Round), cancellationToken);
        }
    }
}
