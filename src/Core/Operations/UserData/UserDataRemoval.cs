using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs.Models;
using Microsoft.Extensions.Logging;
using Yggdrasil.Agents;
using Yggdrasil.Identity;
using Yggdrasil.Models.Cache;
using Yggdrasil.Runs.Approvals;
using Yggdrasil.Runs.Quotas;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using Yggdrasil.Users;
using Yggdrasil.Users.ApiKeys;
using Yggdrasil.Work.Batches;
using Yggdrasil.Work.Prompts;
using Yggdrasil.Work.Schedules;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Operations.UserData;

/// <summary>Removes everything that an owner has.</summary>
/// <remarks>
/// <code>
///   [written down] ──► shares, given and received ──► rows, page by page ──► again, until there are none
///                                                                       ──► blobs, cached answers, what admins said
/// </code>
/// <para>A run that is being driven needs no asking: each of its writes names the version of a row that is gone, so its driver
/// stops at the next one, at the latest when it renews its lease. A blob that it wrote just then is looked for two days later; the
/// note that says so is all that is left of such an owner until then.</para>
/// <para>Whatever stops it, it goes on: it is written down, and the timer completes it.</para>
/// </remarks>
public sealed partial class UserDataRemoval
{
    private const int PageSize = 100;

    /// <summary>What the item is about that says that this is being done.</summary>
    private const string Everything = "data";

    /// <summary>Passes over a partition until nothing new appears in it.</summary>
    private const int MaxPasses = 5;

    private readonly StorageClients _storage;
    private readonly AgentShareStore _shares;
    private readonly AgentStore _agents;
    private readonly RowRemoval _rows;
    private readonly RunRemoval _runs;
    private readonly PoisonStore _poison;
    private readonly BatchRemoval _batches;
    private readonly ApprovalIndex _approvals;
    private readonly DueStore _due;
    private readonly ScheduleCalendar _schedules;
    private readonly ResponseCacheTable _cache;
    private readonly QuotaLedger _quotas;
    private readonly ApiKeyStore _keys;
    private readonly TimeProvider _time;
    private readonly ILogger<UserDataRemoval> _logger;

    internal UserDataRemoval(
        StorageClients storage,
        AgentStore agents,
        AgentShareStore shares,
        RowRemoval rows,
        RunRemoval runs,
        PoisonStore poison,
        BatchRemoval batches,
        ApprovalIndex approvals,
        DueStore due,
        ScheduleCalendar schedules,
        ResponseCacheTable cache,
        QuotaLedger quotas,
        ApiKeyStore keys,
        TimeProvider time,
        ILogger<UserDataRemoval> logger)
    {
        (_storage, _agents, _shares, _rows, _runs) = (storage, agents, shares, rows, runs);
        (_poison, _batches, _approvals, _due, _schedules) = (poison, batches, approvals, due, schedules);
        (_cache, _quotas, _keys, _time, _logger) = (cache, quotas, keys, time, logger);
    }

    /// <summary>Removes what <paramref name="owner"/> has, for as long as <paramref name="patience"/> lasts.</summary>
    /// <returns>Whether it is all gone; if not, the timer goes on.</returns>
    public async Task<bool> RemoveAsync(Owner owner, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var item = new DueItem(DueItem.DayOf(_time.GetUtcNow()), DueKind.Owner, owner.Partition, Everything);
        await _due.AddAsync(item, cancellationToken);
        var isDone = await ContinueAsync(owner.Partition, () => _time.GetElapsedTime(started) >= patience, cancellationToken);
        if (isDone)
        {
            await _due.RemoveAsync(item, cancellationToken);
        }

        return isDone;
    }

    /// <returns>Whether it is all gone.</returns>
    internal async Task<bool> ContinueAsync(string partition, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var owner = Owner.OfPartition(partition);
        await RemoveSharesAsync(owner, cancellationToken);
        var removed = await _poison.RemoveOfAsync(owner, cancellationToken);
        for (var pass = 1; pass <= MaxPasses; pass++)
        {
            var (rows, isComplete) = await RemoveRowsAsync(partition, isOver, cancellationToken);
            removed += rows;
            if (!isComplete)
            {
                LogOutOfTime(partition, removed);
                return false;
            }

            if (rows == 0)
            {
                break;
            }
        }

        // Items go after the batches' rows: nobody begins any of them now.
        await _batches.RemoveOfAsync(partition, cancellationToken);
        var blobs = await RemoveBlobsAsync(partition, cancellationToken);
        var answers = await _cache.RemoveOwnedAsync(partition, cancellationToken);
        await RemoveUserAsync(owner, cancellationToken);
        LogRemoved(partition, removed, blobs, answers);
        return true;
    }

    /// <summary>A share is a row in each of two partitions; the other one would stay.</summary>
    private async Task RemoveSharesAsync(Owner owner, CancellationToken cancellationToken)
    {
        foreach (var agent in await _agents.ListPlainAsync(owner, cancellationToken))
        {
            await _shares.RemoveAllAsync(agent, cancellationToken);
        }

        await foreach (var agent in _shares.ListReceivedAsync(owner, cancellationToken))
        {
            await _shares.UnshareAsync(agent, owner, cancellationToken);
        }
    }

    private async Task<(int Rows, bool IsComplete)> RemoveRowsAsync(string partition, Func<bool> isOver, CancellationToken cancellationToken)
    {
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        var all = TableClient.CreateQueryFilter($"PartitionKey eq {partition}");
        var count = 0;
        await foreach (var page in table.QueryAsync<TableEntity>(all, PageSize, cancellationToken: cancellationToken).AsPages())
        {
            if (isOver())
            {
                return (count, false);
            }

            // The row that says that this is being done stays until it has been.
            var rows = page.Values
                .Where(row => !row.RowKey.EndsWith($"!{DueKind.Owner}!{Everything}", StringComparison.Ordinal) && !IsUseOfToday(row)).ToList();
            if (page.Values.Any(IsUseOfToday))
            {
                await _due.AddAsync(DueItem.ForQuota(partition, DueItem.DayOf(_time.GetUtcNow())), cancellationToken);
            }

            foreach (var run in rows.Where(RunRemoval.IsRun))
            {
                await _runs.PurgeHistoryAsync(run, cancellationToken);
                if (!RunRow.IsTerminal(run))
                {
                    await _quotas.AbandonAsync(RunRow.ReadHead(run), cancellationToken);
                    await _due.AddAsync(DueItem.ForLateBlobs(partition, DueItem.DayOf(_time.GetUtcNow())), cancellationToken);
                }
            }

            await _due.RemoveNamedAsync(rows, cancellationToken);
            await _schedules.RemoveOfAsync(rows, cancellationToken);
            await _approvals.RemoveNamedAsync(rows, cancellationToken);
            await _keys.RemoveNamedAsync(rows, cancellationToken);
            await _rows.RemoveAsync(rows, cancellationToken);
            count += rows.Count;
        }

        return (count, true);
    }

    /// <summary>What was used today stays until tomorrow, or deleting everything would be a way to use it again.</summary>
    private bool IsUseOfToday(TableEntity row) =>
        row.RowKey == RowKeys.Quota && QuotaRow.IsKnown(row) && QuotaRow.ReadUsed(row).Day >= DueItem.DayOf(_time.GetUtcNow());

    private async Task<int> RemoveBlobsAsync(string partition, CancellationToken cancellationToken)
    {
        var container = await _storage.GetContentContainerAsync(cancellationToken);
        var count = 0;
        await foreach (var blob in container.GetBlobsAsync(BlobTraits.None, BlobStates.None, $"{partition}/", cancellationToken))
        {
            await container.DeleteBlobIfExistsAsync(blob.Name, cancellationToken: cancellationToken);
            count++;
        }

        return count;
    }

    /// <summary>What an admin decided about a user is not the user's to delete: a row that says anything but "enabled" stays.</summary>
    private async Task RemoveUserAsync(Owner owner, CancellationToken cancellationToken)
    {
        var table = await _storage.GetUsersTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(owner.TenantKey, owner.UserKey, cancellationToken: cancellationToken);
        if (!found.HasValue || !UserStore.IsEmpty(found.Value!))
        {
            return;
        }

        try
        {
            await table.DeleteEntityAsync(owner.TenantKey, owner.UserKey, found.Value!.ETag, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == PreconditionFailed)
        {
            // An admin has just said something of this user: that stays.
        }
    }

    [LoggerMessage(3121, LogLevel.Information, "Everything of {Owner} was removed: {Rows} rows, {Blobs} blobs, {Answers} cached answers")]
    private partial void LogRemoved(string owner, int rows, int blobs, int answers);

    [LoggerMessage(3122, LogLevel.Warning, "Not everything of {Owner} could be removed in time, {Rows} rows were; the timer goes on")]
    private partial void LogOutOfTime(string owner, int rows);
}
