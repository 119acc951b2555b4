using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Yggdrasil.Batches;
using Yggdrasil.Conversations;
using Yggdrasil.Limits;
using Yggdrasil.Problems;
using Yggdrasil.Prompts;
using Yggdrasil.Runs;
using Yggdrasil.Storage;
using Yggdrasil.Users;

namespace Yggdrasil.Retention;

/// <summary>Removes what has expired: conversations, runs, their journals, blobs and durable history together.</summary>
/// <remarks>
/// <code>
///   what is due today or was before ──► expiry:  runs started on that day, conversations last active on it
///                                   ├─► blobs:   those written on that day
///                                   └─► what an earlier request or run began and could not finish
/// </code>
/// An item goes once nothing is left to do for it. One that still holds something young is written down again for the day when
/// that may have expired. So the work of one run follows from what is due, never from what is stored; what does not fit into
/// its time is done by the next. An item that fails is left where it is and keeps no other from its turn.
/// </remarks>
public sealed partial class RetentionSweep
{
    private readonly StorageClients _storage;
    private readonly DueStore _due;
    private readonly RunRemoval _runs;
    private readonly ConversationStore _conversations;
    private readonly ConversationRemoval _conversationRemoval;
    private readonly BatchStore _batches;
    private readonly BatchRemoval _batchRemoval;
    private readonly PoisonStore _poison;
    private readonly UserDataRemoval _owners;
    private readonly BlobSweep _blobs;
    private readonly QuotaLedger _quotas;
    private readonly RetentionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RetentionSweep> _logger;

    internal RetentionSweep(
        StorageClients storage,
        DueStore due,
        RunRemoval runs,
        ConversationStore conversations,
        ConversationRemoval conversationRemoval,
        BatchStore batches,
        BatchRemoval batchRemoval,
        PoisonStore poison,
        UserDataRemoval owners,
        BlobSweep blobs,
        QuotaLedger quotas,
        RetentionOptions options,
        TimeProvider time,
        ILogger<RetentionSweep> logger)
    {
        (_storage, _due, _runs, _conversations) = (storage, due, runs, conversations);
        (_conversationRemoval, _poison, _owners, _blobs) = (conversationRemoval, poison, owners, blobs);
        (_batches, _batchRemoval, _quotas) = (batches, batchRemoval, quotas);
        (_options, _time, _logger) = (options, time, logger);
    }

    /// <summary>Does what is due, for as long as one run of the timer may take.</summary>
    public async Task RunAsync(IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        var (started, removed) = (_time.GetTimestamp(), 0);
        bool IsOver() => _time.GetElapsedTime(started) >= _options.Budget;
        await foreach (var item in _due.ListAsync(DueItem.DayOf(_time.GetUtcNow()), cancellationToken))
        {
            if (IsOver())
            {
                LogOutOfTime(removed);
                return;
            }

            try
            {
                removed += await DoAsync(item, scheduler, IsOver, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(item.Kind, item.Day, failure.GetType().FullName);
            }
        }

        if (removed > 0)
        {
            LogRemoved(removed);
        }
    }

    /// <returns>How many runs and conversations were removed.</returns>
    private async Task<int> DoAsync(DueItem item, IRunScheduler scheduler, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = item.Kind switch
        {
            DueKind.Expiry => await ExpireAsync(item, scheduler, isOver, cancellationToken),
            DueKind.Blobs => (0, await _blobs.SweepAsync(item.Partition, item.Day, isOver, cancellationToken) ? null : Tomorrow),
            DueKind.LateBlobs => (0, await _blobs.SweepAsync(item.PartitionDay.Partition, item.PartitionDay.Day, isOver, cancellationToken) ? null : Tomorrow),
            DueKind.Batch => (0, await _batchRemoval.LookAsync(item, scheduler, isOver, cancellationToken) ? null : item.LookOn),
            DueKind.Poison => await DoneAsync(_poison.RemoveDayAsync(item.PartitionDay.Partition, item.PartitionDay.Day, cancellationToken)),
            DueKind.Quota => await DoneAsync(_quotas.RemoveEndedAsync(item.About, cancellationToken)),
            DueKind.Conversation => await DoneAsync(CompleteAsync(item, scheduler, cancellationToken)),
            DueKind.Tombstone => (0, await CompleteBurialAsync(item, scheduler, cancellationToken)),
            DueKind.Owner => (0, await _owners.ContinueAsync(item.Partition, scheduler, isOver, cancellationToken) ? null : item.LookOn),
            DueKind.Instance => (0, await scheduler.PurgeAsync(item.About, cancellationToken) ? null : Tomorrow),
            _ => throw new InvalidOperationException($"Unknown kind {item.Kind}."),
        };
        if (again == item.LookOn)
        {
            return removed;
        }

        // First the new place, then the old one goes: a crash in between makes it be looked at twice.
        if (again is { } later)
        {
            await _due.AddAsync(item with { LookOn = later }, cancellationToken);
        }

        await _due.RemoveAsync(item, cancellationToken);
        return removed;
    }

    private DateOnly Tomorrow => DueItem.DayOf(_time.GetUtcNow()).AddDays(1);

    private static async Task<(int Removed, DateOnly? Again)> DoneAsync(Task work)
    {
        await work;
        return (0, null);
    }

    private async Task<(int Removed, DateOnly? Again)> ExpireAsync(
        DueItem item, IRunScheduler scheduler, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (runs, runsAgain) = await ExpireRunsAsync(item, scheduler, isOver, cancellationToken);
        var (talks, talksAgain) = await ExpireConversationsAsync(item, scheduler, isOver, cancellationToken);
        var (batches, batchesAgain) = await ExpireBatchesAsync(item, scheduler, isOver, cancellationToken);
        return (runs + talks + batches, new[] { runsAgain, talksAgain, batchesAgain }.Min());
    }

    private async Task<(int Removed, DateOnly? Again)> ExpireBatchesAsync(
        DueItem item, IRunScheduler scheduler, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = (0, (DateOnly?)null);
        await foreach (var id in ListAsync(item, RowKeys.BatchListPrefix, cancellationToken))
        {
            if (isOver())
            {
                return (removed, item.LookOn);
            }

            var batch = await _batches.FindPlainAsync(item.Partition, id, cancellationToken);
            if (batch is { CompletedAt: { } completedAt } && ExpiryOf(completedAt, batch.Agent?.Definition.RetentionDays) is { } expiry)
            {
                if (expiry > DueItem.DayOf(_time.GetUtcNow()))
                {
                    again = Earlier(again, expiry);
                }
                else if (await RemoveAsync(batch, scheduler, isOver, cancellationToken))
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
    private async Task<bool> RemoveAsync(Batch batch, IRunScheduler scheduler, Func<bool> isOver, CancellationToken cancellationToken)
    {
        try
        {
            return await _batchRemoval.RemoveAsync(batch, scheduler, isOver, cancellationToken);
        }
        catch (ConflictException)
        {
            return false;
        }
    }

    private async Task<(int Removed, DateOnly? Again)> ExpireRunsAsync(
        DueItem item, IRunScheduler scheduler, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = (0, (DateOnly?)null);
        await foreach (var id in ListAsync(item, RowKeys.ListPrefix, cancellationToken))
        {
            if (isOver())
            {
                return (removed, item.LookOn);
            }

            // A run of a conversation goes with it.
            var table = await _storage.GetWorkTableAsync(cancellationToken);
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
            else if (ExpiryOf(found.Value!.GetDateTimeOffset("CompletedAt") ?? default, found.Value!.GetInt32("RetentionDays")) is { } expiry)
            {
                if (expiry <= DueItem.DayOf(_time.GetUtcNow()))
                {
                    await _runs.RemoveAsync(item.Partition, id, scheduler, cancellationToken);
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

    private async Task<(int Removed, DateOnly? Again)> ExpireConversationsAsync(
        DueItem item, IRunScheduler scheduler, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = (0, (DateOnly?)null);
        await foreach (var id in ListAsync(item, RowKeys.ConversationListPrefix, cancellationToken))
        {
            if (isOver())
            {
                return (removed, item.LookOn);
            }

            if (await _conversations.FindAsync(item.Partition, id, cancellationToken) is not { } conversation
                || ExpiryOf(conversation.UpdatedAt, conversation.RetentionDays) is not { } expiry)
            {
                continue;
            }

            // The end of an active run will be an activity of a later day, which is written down then.
            if (conversation.ActiveRun is not null || expiry > DueItem.DayOf(_time.GetUtcNow()))
            {
                again = Earlier(again, expiry > Tomorrow ? expiry : Tomorrow);
                continue;
            }

            try
            {
                await _conversationRemoval.RemoveAsync(conversation, scheduler, cancellationToken);
                removed++;
            }
            catch (ConflictException)
            {
                // Somebody continued it just now: it is active on a later day.
            }
        }

        return (removed, again);
    }

    private async Task CompleteAsync(DueItem item, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        if (await _conversations.FindAsync(item.Partition, item.About, cancellationToken) is { IsDeleted: true } conversation)
        {
            await _conversationRemoval.RemoveAsync(conversation, scheduler, cancellationToken);
        }
    }

    /// <returns>When to look again; null when the tombstone is gone, or stays for ever.</returns>
    private async Task<DateOnly?> CompleteBurialAsync(DueItem item, IRunScheduler scheduler, CancellationToken cancellationToken)
    {
        if (await _runs.CompleteAsync(item.Partition, item.About, scheduler, cancellationToken) is not var (buriedAt, _)
            || ExpiryOf(buriedAt, days: null) is not { } expiry)
        {
            return null;
        }

        if (expiry > DueItem.DayOf(_time.GetUtcNow()))
        {
            return expiry;
        }

        await _runs.RemoveAsync(item.Partition, item.About, scheduler, cancellationToken);
        return null;
    }

    /// <summary>The ids in the part of a list that belongs to the item's day.</summary>
    private async IAsyncEnumerable<string> ListAsync(
        DueItem item, string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Lists are in reverse: the day's end comes first.
        var (from, to) = RowKeys.ReverseDay(item.Day);
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {item.Partition} and RowKey gt {prefix + from} and RowKey le {prefix + to}");
        await foreach (var row in table.QueryAsync<TableEntity>(range, select: ["RowKey"], cancellationToken: cancellationToken))
        {
            yield return row.RowKey[(row.RowKey.LastIndexOf('!') + 1)..];
        }
    }

    /// <summary>The first day on which it is to be removed; null when it is kept for ever.</summary>
    private DateOnly? ExpiryOf(DateTimeOffset lastActive, int? days) =>
        (days ?? _options.Days) is > 0 and var kept ? DueItem.DayOf(lastActive).AddDays(kept + 1) : null;

    private static DateOnly Earlier(DateOnly? one, DateOnly other) => one < other ? one.Value : other;

    [LoggerMessage(4024, LogLevel.Warning, "Retention: what was due of {Kind} for {Day} failed ({ExceptionType}); it is tried again with the next occurrence")]
    private partial void LogFailed(DueKind kind, DateOnly day, string? exceptionType);

    [LoggerMessage(4022, LogLevel.Information, "Retention: {Removed} runs and conversations were removed")]
    private partial void LogRemoved(int removed);

    [LoggerMessage(4023, LogLevel.Warning, "Retention: {Removed} runs and conversations were removed; the rest is left to the next occurrence")]
    private partial void LogOutOfTime(int removed);
}
