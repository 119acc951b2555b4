using Microsoft.Extensions.Logging;
using Yggdrasil.Operations.UserData;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Driving;
using Yggdrasil.Runs.Model;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage.Due;
using Yggdrasil.Users.ApiKeys;
using Yggdrasil.Work.Batches;
using Yggdrasil.Work.Prompts;

namespace Yggdrasil.Operations.Retention;

/// <summary>Removes what has expired: conversations, runs, their journals, blobs and durable history together.</summary>
/// <remarks>
/// <code>
///   what is due today or was before ──► expiry:  runs started on that day, conversations last active on it
///                                   ├─► blobs:   those written on that day
///                                   └─► what an earlier request or run began and could not finish
/// </code>
/// An item goes once nothing is left to do for it. One that still holds something young is written down again for the day when
/// that may have expired. So the work of one run follows from what is due, never from what is stored; what does not fit into
/// its time is done by the next. An item that fails is left where it is and keeps no other from being done.
/// </remarks>
public sealed partial class RetentionSweep
{
    private readonly DueStore _due;
    private readonly ExpirySweep _expiry;
    private readonly RunRemoval _runs;
    private readonly ConversationStore _conversations;
    private readonly ConversationRemoval _conversationRemoval;
    private readonly BatchRemoval _batchRemoval;
    private readonly PoisonStore _poison;
    private readonly UserDataRemoval _owners;
    private readonly BlobSweep _blobs;
    private readonly QuotaLedger _quotas;
    private readonly StartRecovery _starts;
    private readonly IRunScheduler _scheduler;
    private readonly ApiKeyStore _keys;
    private readonly RetentionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<RetentionSweep> _logger;

    internal RetentionSweep(
        DueStore due,
        ExpirySweep expiry,
        RunRemoval runs,
        ConversationStore conversations,
        ConversationRemoval conversationRemoval,
        BatchRemoval batchRemoval,
        PoisonStore poison,
        UserDataRemoval owners,
        BlobSweep blobs,
        QuotaLedger quotas,
        StartRecovery starts,
        IRunScheduler scheduler,
        ApiKeyStore keys,
        RetentionOptions options,
        TimeProvider time,
        ILogger<RetentionSweep> logger)
    {
        (_due, _expiry, _runs, _conversations) = (due, expiry, runs, conversations);
        (_conversationRemoval, _poison, _owners, _blobs) = (conversationRemoval, poison, owners, blobs);
        (_batchRemoval, _quotas, _starts, _scheduler, _keys) = (batchRemoval, quotas, starts, scheduler, keys);
        (_options, _time, _logger) = (options, time, logger);
    }

    /// <summary>Does what is due, for as long as one run of the timer may take.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
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
                removed += await DoAsync(item, IsOver, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                LogFailed(item.Kind, item.LookOn, failure.GetType().FullName);
            }
        }

        if (removed > 0)
        {
            LogRemoved(removed);
        }
    }

    /// <returns>How many runs and conversations were removed.</returns>
    private async Task<int> DoAsync(DueItem item, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var (removed, again) = item.Kind switch
        {
            DueKind.Expiry => await _expiry.ExpireAsync(item, isOver, cancellationToken),
            DueKind.Blobs => (0, await _blobs.SweepAsync(item.Partition, item.Day, isOver, cancellationToken) ? null : Tomorrow),
            DueKind.LateBlobs => (0, await _blobs.SweepAsync(item.PartitionDay.Partition, item.PartitionDay.Day, isOver, cancellationToken) ? null : Tomorrow),
            DueKind.Batch => (0, await _batchRemoval.LookAsync(item, isOver, cancellationToken) ? null : item.LookOn),
            DueKind.Poison => await DoneAsync(_poison.RemoveDayAsync(item.PartitionDay.Partition, item.PartitionDay.Day, cancellationToken)),
            DueKind.Quota => await DoneAsync(_quotas.RemoveEndedAsync(item.About, cancellationToken)),
            DueKind.Conversation => await DoneAsync(CompleteAsync(item, cancellationToken)),
            DueKind.Tombstone => (0, await CompleteDeletionAsync(item, cancellationToken)),
            DueKind.Owner => (0, await _owners.ContinueAsync(item.Partition, isOver, cancellationToken) ? null : item.LookOn),
            DueKind.ApiKey => await DoneAsync(_keys.RemoveAsync(item.Partition, item.About, cancellationToken)),
            DueKind.Start => (0, await _starts.LookAsync(item, cancellationToken)),
            DueKind.Instance => (0, await _scheduler.PurgeAsync(item.About, cancellationToken) ? null : Tomorrow),
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

    private DateOnly Tomorrow => DueItem.DayAfter(_time.GetUtcNow());

    private static async Task<(int Removed, DateOnly? Again)> DoneAsync(Task work)
    {
        await work;
        return (0, null);
    }

    private async Task CompleteAsync(DueItem item, CancellationToken cancellationToken)
    {
        if (await _conversations.FindAsync(item.Partition, item.About, cancellationToken) is { IsDeleted: true } conversation)
        {
            await _conversationRemoval.RemoveAsync(conversation, cancellationToken);
        }
    }

    /// <returns>When to look again; null when the tombstone is gone, or stays for ever.</returns>
    private async Task<DateOnly?> CompleteDeletionAsync(DueItem item, CancellationToken cancellationToken)
    {
        if (await _runs.CompleteAsync(item.Partition, item.About, cancellationToken) is not var (tombstonedAt, _)
            || _options.ExpiryOf(tombstonedAt, days: null) is not { } expiry)
        {
            return null;
        }

        if (expiry > DueItem.DayOf(_time.GetUtcNow()))
        {
            return expiry;
        }

        await _runs.RemoveAsync(item.Partition, item.About, cancellationToken);
        return null;
    }

    [LoggerMessage(4024, LogLevel.Warning, "Retention: what was due of {Kind} for {Day} failed ({ExceptionType}); it is tried again with the next occurrence")]
    private partial void LogFailed(DueKind kind, DateOnly day, string? exceptionType);

    [LoggerMessage(4022, LogLevel.Information, "Retention: {Removed} runs and conversations were removed")]
    private partial void LogRemoved(int removed);

    [LoggerMessage(4023, LogLevel.Warning, "Retention: {Removed} runs and conversations were removed; the rest is left to the next occurrence")]
    private partial void LogOutOfTime(int removed);
}
