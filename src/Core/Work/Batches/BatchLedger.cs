using Yggdrasil.Storage;

namespace Yggdrasil.Work.Batches;

/// <summary>Counts what becomes of items: each once, however often and by whomever it is reported.</summary>
/// <remarks>
/// An item and the head that counts it change in one transaction, under the versions in which both were read. Whoever reports an
/// item that has been counted meanwhile finds it so, and counts nothing.
/// </remarks>
internal sealed class BatchLedger(BatchItemStore store, Contention contention)
{
    /// <summary>Counts results.</summary>
    /// <param name="known">The items as they were read last, where they are; others are read.</param>
    /// <param name="adjust">What else changes in the head.</param>
    /// <returns>The head afterwards; null when the items are gone.</returns>
    public async Task<BatchHead?> RecordAsync(
        string items,
        IReadOnlyCollection<BatchItemResult> results,
        IReadOnlyDictionary<int, BatchItem>? known,
        Func<BatchHead, BatchHead> adjust,
        CancellationToken cancellationToken)
    {
        BatchHead? head = null;
        foreach (var some in results.Chunk(BatchItemStore.MaxPerCommit).DefaultIfEmpty([]))
        {
            head = await RecordSomeAsync(items, some, known, adjust, cancellationToken);
            if (head is null)
            {
                return null;
            }
        }

        return head;
    }

    private async Task<BatchHead?> RecordSomeAsync(
        string items,
        IReadOnlyList<BatchItemResult> results,
        IReadOnlyDictionary<int, BatchItem>? known,
        Func<BatchHead, BatchHead> adjust,
        CancellationToken cancellationToken)
    {
        return await contention.RetryAsync(AttemptAsync, cancellationToken);

        async Task<BatchHead?> AttemptAsync()
        {
            if (await store.FindHeadAsync(items, cancellationToken) is not { } head)
            {
                return null;
            }

            var next = head;
            List<(BatchItemResult, Azure.ETag)> changes = [];
            foreach (var result in results)
            {
                // The second time what is known has proved to be out of date.
                var item = known?.GetValueOrDefault(result.Index) is { } read
                    ? read
                    : await store.FindAsync(items, result.Index, cancellationToken);
                if (item is not null && IsNews(item, result))
                {
                    changes.Add((result, item.ETag));
                    next = next.Move(item.State, result.State, result.CostUsd);
                }
            }

            next = adjust(next);
            if (changes.Count == 0 && next == head)
            {
                return head;
            }

            if (await store.CommitAsync(items, next, changes, cancellationToken) is { } stored)
            {
                return stored;
            }

            known = null;
            throw new ContendedException();
        }
    }

    /// <summary>Whether a result moves an item on: rounds go up, and within one an end is the end.</summary>
    private static bool IsNews(BatchItem item, BatchItemResult result) =>
        item.State != BatchItemState.Unknown
        && (result.Round > item.Round || (result.Round == item.Round && !item.HasEnded && result.State > item.State));
}
