using Azure;
using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Removes conversations with their runs, in an order that leaves nothing half-done visible.</summary>
/// <remarks>
/// <code>
///   [written down] ──► [tombstone, off the list] ──► each run ──► the log ──► [the row itself]
/// </code>
/// From the tombstone on nobody sees the conversation or starts a run in it. Whatever stops the removal after that, the timer
/// completes it, or whoever asks for it again.
/// </remarks>
internal sealed class ConversationRemoval(
    StorageClients storage,
    ConversationStore store,
    ConversationMemory memory,
    RunRemoval runs,
    RowRemoval rows,
    DueStore due,
    OverdueRuns overdue,
    Contention contention,
    TimeProvider time)
{
    /// <exception cref="ConflictException">It has an active run.</exception>
    public async Task RemoveAsync(Conversation conversation, CancellationToken cancellationToken)
    {
        var partition = conversation.Owner.Partition;
        var item = new DueItem(DueItem.DayOf(time.GetUtcNow()), DueKind.Conversation, partition, conversation.Id);
        await due.AddAsync(item, cancellationToken);
        await DeleteAsync(conversation, item, cancellationToken);
        await RemoveRunsAsync(partition, conversation.Id, cancellationToken);
        var log = RowKeys.ConversationLog(conversation.Id);
        await rows.RemoveRangeAsync(partition, log, RowKeys.EndOfPrefix(log), cancellationToken);
        await rows.RemoveAsync([new TableEntity(partition, RowKeys.Conversation(conversation.Id))], cancellationToken);
        memory.Forget(partition, conversation.Id);
        await due.RemoveAsync(item, cancellationToken);
    }

    private async Task DeleteAsync(Conversation conversation, DueItem item, CancellationToken cancellationToken)
    {
        var (partition, id) = (conversation.Owner.Partition, conversation.Id);
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var current = conversation;
        await contention.RetryAsync("The conversation", AttemptAsync, cancellationToken);

        async Task<bool> AttemptAsync()
        {
            while (current is { IsDeleted: false, ActiveRun: { } active })
            {
                if (await overdue.EndAsync(partition, active, cancellationToken))
                {
                    current = await store.FindAsync(partition, id, cancellationToken);
                    continue;
                }

                await due.RemoveAsync(item, cancellationToken);
                throw new ConflictException($"The conversation \"{id}\" has an active run, {active}: cancel it, or wait for its end.");
            }

            if (current is null or { IsDeleted: true })
            {
                return false;
            }

            try
            {
                var place = new TableEntity(partition, RowKeys.ConversationListEntry(current.UpdatedAt, id));
                await table.SubmitTransactionAsync(
                    [
                        ConversationRow.Write(current with { IsDeleted = true }),
                        new TableTransactionAction(TableTransactionActionType.Delete, place, ETag.All),
                    ],
                    cancellationToken);
                return true;
            }
            catch (RequestFailedException failure) when (IsContended(failure))
            {
                // A run was started in it, or has ended.
                current = await store.FindAsync(partition, id, cancellationToken);
                throw new ContendedException(failure);
            }
        }
    }

    private async Task RemoveRunsAsync(string partition, string id, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var prefix = RowKeys.ConversationRuns(id);
        var range = RowKeys.Range(partition, prefix, RowKeys.EndOfPrefix(prefix));
        await foreach (var row in table.QueryAsync<TableEntity>(range, cancellationToken: cancellationToken))
        {
            await runs.RemoveAsync(partition, row.GetString("RunId"), cancellationToken);

            // The run took it along, unless the run was gone before.
            await table.DeleteEntityAsync(partition, row.RowKey, ETag.All, cancellationToken);
        }
    }
}
