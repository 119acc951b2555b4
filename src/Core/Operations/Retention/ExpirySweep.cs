using Azure.Data.Tables;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Work.Batches;

namespace Yggdrasil.Operations.Retention;

/// <summary>Looks at what was started, or last active, on one day of one owner, and removes of it what has expired.</summary>
internal sealed class ExpirySweep(
    StorageClients storage,
    RunRemoval runs,
    ConversationStore conversations,
    ConversationRemoval conversationRemoval,
    BatchStore batches,
    BatchRemoval batchRemoval,
    RetentionOptions options,
    TimeProvider time)
{
    private DateOnly Tomorrow => DueItem.DayAfter(time.GetUtcNow());

    /// <returns>How many were removed, and when to look again; the item's own day where there was no time for all.</returns>
    public async Task<(int Removed, DateOnly? Again)> ExpireAsync(DueItem item, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (ended, runsAgain) = await ExpireRunsAsync(item, isOver, cancellationToken);
        var (talks, talksAgain) = await ExpireConversationsAsync(item, isOver, cancellationToken);
        var (uploads, batchesAgain) = await ExpireBatchesAsync(item, isOver, cancellationToken);
        return (ended + talks + uploads, new[] { runsAgain, talksAgain, batchesAgain }.Min());
    }

    private async Task<(int Removed, DateOnly? Again)> ExpireBatchesAsync(DueItem item, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = (0, (DateOnly?)null);
        await foreach (var id in ListAsync(item, RowKeys.BatchListPrefix, cancellationToken))
        {
            if (isOver())
            {
                return (removed, item.LookOn);
            }

            var batch = await batches.FindPlainAsync(item.Partition, id, cancellationToken);
            if (batch is { CompletedAt: { } completedAt } && options.ExpiryOf(completedAt, batch.Agent?.Definition.RetentionDays) is { } expiry)
            {
                if (expiry > DueItem.DayOf(time.GetUtcNow()))
                {
                    again = Earlier(again, expiry);
                }
                else if (await RemoveAsync(batch, isOver, cancellationToken))
                {
                    removed++;
                }
                else
                {
                    again = Earlier(again, Tomorrow);
                }
            }
            else if (batch is { IsTerminal: false })
            {
                again = Earlier(again, Tomorrow);
            }
        }

        return (removed, again);
    }

    /// <returns>Whether it is gone: not one that somebody tries again just now, or that its time did not suffice for.</returns>
    private async Task<bool> RemoveAsync(Batch batch, Func<bool> isOver, CancellationToken cancellationToken)
    {
        try
        {
            return await batchRemoval.RemoveAsync(batch, isOver, cancellationToken);
        }
        catch (ConflictException)
        {
            return false;
        }
    }

    private async Task<(int Removed, DateOnly? Again)> ExpireRunsAsync(DueItem item, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = (0, (DateOnly?)null);
        await foreach (var id in ListAsync(item, RowKeys.ListPrefix, cancellationToken))
        {
            if (isOver())
            {
                return (removed, item.LookOn);
            }

            // A run of a conversation goes with it.
            var table = await storage.GetWorkTableAsync(cancellationToken);
            var found = await table.GetEntityIfExistsAsync<TableEntity>(
                item.Partition, RowKeys.Run(id), ["Status", "CompletedAt", "RetentionDays", "ConversationId"], cancellationToken);
            if (!found.HasValue || found.Value!.GetString("ConversationId") is not null)
            {
                continue;
            }

            if (!RunRow.IsTerminal(found.Value!))
            {
                again = Earlier(again, Tomorrow);
            }
            else if (options.ExpiryOf(found.Value!.GetDateTimeOffset("CompletedAt") ?? default, found.Value!.GetInt32("RetentionDays")) is { } expiry)
            {
                if (expiry <= DueItem.DayOf(time.GetUtcNow()))
                {
                    await runs.RemoveAsync(item.Partition, id, cancellationToken);
                    removed++;
                }
                else
                {
                    again = Earlier(again, expiry);
                }
            }
        }

        return (removed, again);
    }

    private async Task<(int Removed, DateOnly? Again)> ExpireConversationsAsync(DueItem item, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = (0, (DateOnly?)null);
        await foreach (var id in ListAsync(item, RowKeys.ConversationListPrefix, cancellationToken))
        {
            if (isOver())
            {
                return (removed, item.LookOn);
            }

            if (await conversations.FindAsync(item.Partition, id, cancellationToken) is not { } conversation
                || options.ExpiryOf(conversation.UpdatedAt, conversation.RetentionDays) is not { } expiry)
            {
                continue;
            }

            // The end of an active run will be an activity of a later day, which is written down then.
            if (conversation.ActiveRun is not null || expiry > DueItem.DayOf(time.GetUtcNow()))
            {
                again = Earlier(again, expiry > Tomorrow ? expiry : Tomorrow);
                continue;
            }

            try
            {
                await conversationRemoval.RemoveAsync(conversation, cancellationToken);
                removed++;
            }
            catch (ConflictException)
            {
                // Somebody continued it just now: it is active on a later day.
            }
        }

        return (removed, again);
    }

    /// <summary>The ids in the part of a list that belongs to the item's day.</summary>
    private async IAsyncEnumerable<string> ListAsync(
        DueItem item, string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Lists are in reverse: the day's end comes first.
        var (from, to) = RowKeys.ReverseDay(item.Day);
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {item.Partition} and RowKey gt {prefix + from} and RowKey le {prefix + to}");
        await foreach (var row in table.QueryAsync<TableEntity>(range, select: ["RowKey"], cancellationToken: cancellationToken))
        {
            yield return row.RowKey[(row.RowKey.LastIndexOf('!') + 1)..];
        }
    }

    private static DateOnly Earlier(DateOnly? one, DateOnly other) => one < other ? one.Value : other;
}
