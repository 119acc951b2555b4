using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Operations.Reprotection;

/// <summary>Moves stored content to the newest key after a rotation, so that older keys can be taken out of use.</summary>
/// <remarks>
/// <code>
///   previous keys? ──no──► nothing to do
///        │yes
///   scan due? ──no──► rest
///        │yes
///   page of rows ──► old envelopes re-encrypted, rows merged under their version ──► [progress stored] ──► next page …
/// </code>
/// <para>Which properties are protected needs no list: in these tables every binary property is a value of the
/// <see cref="ContentVault"/>, and nothing else is binary.</para>
/// <para>It may be interrupted anywhere: a value is replaced in one conditional request, and a page whose progress was not
/// stored is looked at again. It never overwrites what others write: a row or blob that changed meanwhile is left to
/// the next scan. Two instances at once do some work twice; the one whose progress is refused stops.</para>
/// </remarks>
public sealed partial class ContentReprotection(
    StorageClients storage,
    ContentVault vault,
    ContentProtector protector,
    ReprotectionOptions options,
    TimeProvider time,
    ILogger<ContentReprotection> logger)
{
    private const int PageSize = 200;
    private const int MaxParallelRows = 8;

    /// <summary>Continues the scan that is under way or begins one that is due, for as many rows as one run takes.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!protector.HasPreviousKeys)
        {
            return;
        }

        var table = await storage.GetWorkTableAsync(cancellationToken);
        var last = await FindScanAsync(table, cancellationToken);
        var scan = ReprotectionScan.Next(last, protector.NewestKeyId, time.GetUtcNow(), options.Interval);
        for (var rows = 0; scan is { CompletedAt: null } && rows < options.RowsPerRun;)
        {
            var scanned = scan.Table == StorageClients.WorkTable ? table : await storage.GetBatchItemsTableAsync(cancellationToken);
            var page = await ReadPageAsync(scanned, scan, options.RowsPerRun - rows, cancellationToken);
            rows += page.Count;
            var next = await RenewPageAsync(scanned, scan, page, cancellationToken);
            scan = await SaveAsync(table, page.Count == 0 ? next.AfterTable(time.GetUtcNow()) : next, cancellationToken);
        }

        if (scan is not null)
        {
            Report(scan);
        }
    }

    /// <summary>The rows that follow, none at the end.</summary>
    /// <remarks>Two queries, each a range: one condition over both keys would make the table scan from its beginning.</remarks>
    private static async Task<List<TableEntity>> ReadPageAsync(
        TableClient table, ReprotectionScan scan, int limit, CancellationToken cancellationToken)
    {
        var size = Math.Min(PageSize, limit);
        var rest = TableClient.CreateQueryFilter($"PartitionKey eq {scan.AfterPartition} and RowKey gt {scan.AfterRow}");
        var page = await table.QueryAsync<TableEntity>(rest, size, cancellationToken: cancellationToken).Take(size).ToListAsync(cancellationToken);
        if (page.Count < size)
        {
            var others = TableClient.CreateQueryFilter($"PartitionKey gt {scan.AfterPartition}");
            page.AddRange(await table.QueryAsync<TableEntity>(others, size, cancellationToken: cancellationToken)
                .Take(size - page.Count).ToListAsync(cancellationToken));
        }

        return page;
    }

    private async Task<ReprotectionScan> RenewPageAsync(
        TableClient table, ReprotectionScan scan, List<TableEntity> page, CancellationToken cancellationToken)
    {
        long renewed = 0, skipped = 0, unreadable = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = MaxParallelRows, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(page, parallel, async (row, token) =>
        {
            var count = await RenewRowAsync(table, row, token);
            Interlocked.Add(ref renewed, count.Renewed);
            Interlocked.Add(ref skipped, count.Skipped);
            Interlocked.Add(ref unreadable, count.Unreadable);
        });
        return scan with
        {
            AfterPartition = page.Count > 0 ? page[^1].PartitionKey : scan.AfterPartition,
            AfterRow = page.Count > 0 ? page[^1].RowKey : scan.AfterRow,
            Rows = scan.Rows + page.Count,
            Renewed = scan.Renewed + renewed,
            Skipped = scan.Skipped + skipped,
            Unreadable = scan.Unreadable + unreadable,
        };
    }

    private async Task<(int Renewed, int Skipped, int Unreadable)> RenewRowAsync(
        TableClient table, TableEntity row, CancellationToken cancellationToken)
    {
        var change = new TableEntity(row.PartitionKey, row.RowKey);
        List<ContentProtectionException> failures = [];
        int inBlobs = 0, overtaken = 0;
        foreach (var (property, value) in row)
        {
            if (value is not byte[] stored)
            {
                continue;
            }

            try
            {
                var renewal = await vault.RenewAsync(stored, new(table.Name, row.PartitionKey, row.RowKey, property), cancellationToken);
                inBlobs += renewal.Outcome == RenewalOutcome.InBlob ? 1 : 0;
                overtaken += renewal.Outcome == RenewalOutcome.Overtaken ? 1 : 0;
                if (renewal.Outcome == RenewalOutcome.Inline)
                {
                    change[property] = renewal.Stored;
                }
            }
            catch (ContentProtectionException failure)
            {
                failures.Add(failure);
            }
        }

        var inline = change.Count(property => property.Value is byte[]);
        var isMerged = inline == 0 || await TryMergeAsync(table, change, row.ETag, cancellationToken);
        var isSkipped = overtaken > 0 || !isMerged || (failures.Count > 0 && await HasChangedAsync(table, row, cancellationToken));
        if (!isSkipped)
        {
            failures.ForEach(failure => LogUnreadable(failure.Address.Row, failure.Address.Property, failure.Cause));
        }

        return (inBlobs + (isMerged ? inline : 0), isSkipped ? 1 : 0, isSkipped ? 0 : failures.Count);
    }

    private static async Task<bool> TryMergeAsync(TableClient table, TableEntity change, ETag version, CancellationToken cancellationToken)
    {
        try
        {
            await table.UpdateEntityAsync(change, version, TableUpdateMode.Merge, cancellationToken);
            return true;
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            return false;
        }
    }

    /// <summary>A row that was replaced or deleted since the page was read takes its blobs along: that is no damage.</summary>
    private static async Task<bool> HasChangedAsync(TableClient table, TableEntity row, CancellationToken cancellationToken)
    {
        var current = await table.GetEntityIfExistsAsync<TableEntity>(
            row.PartitionKey, row.RowKey, select: ["PartitionKey"], cancellationToken: cancellationToken);
        return !current.HasValue || current.Value!.ETag != row.ETag;
    }

    private static async Task<ReprotectionScan?> FindScanAsync(TableClient table, CancellationToken cancellationToken)
    {
        var row = await table.GetEntityIfExistsAsync<TableEntity>(
            ReprotectionScan.Partition, ReprotectionScan.Row, cancellationToken: cancellationToken);
        return row.HasValue ? ReprotectionScan.Read(row.Value!) : null;
    }

    /// <returns>The scan as stored; null when another instance works on it.</returns>
    private async Task<ReprotectionScan?> SaveAsync(TableClient table, ReprotectionScan scan, CancellationToken cancellationToken)
    {
        try
        {
            var row = scan.Write();
            var response = scan.ETag == default
                ? await table.AddEntityAsync(row, cancellationToken)
                : await table.UpdateEntityAsync(row, scan.ETag, TableUpdateMode.Replace, cancellationToken);
            return scan with { ETag = response.Headers.ETag ?? default };
        }
        catch (RequestFailedException failure) when (failure.Status is Conflict or PreconditionFailed or NotFound)
        {
            LogOvertaken();
            return null;
        }
    }

    private void Report(ReprotectionScan scan)
    {
        if (scan.CompletedAt is null)
        {
            LogProgress(scan.KeyId, scan.Rows, scan.Renewed, scan.Skipped, scan.Unreadable);
        }
        else if (scan.Unreadable > 0)
        {
            LogDamaged(scan.KeyId, scan.Unreadable, scan.Rows);
        }
        else if (scan.Renewed > 0 || scan.Skipped > 0)
        {
            LogCompleted(scan.KeyId, scan.Rows, scan.Renewed, scan.Skipped);
        }
        else
        {
            LogNothingLeft(scan.KeyId, scan.Rows);
        }
    }

    [LoggerMessage(4010, LogLevel.Information,
        "Re-protection under key {KeyId} goes on: {Rows} rows, {Renewed} values renewed, {Skipped} rows skipped, {Unreadable} values unreadable so far")]
    private partial void LogProgress(string keyId, long rows, long renewed, long skipped, long unreadable);

    [LoggerMessage(4011, LogLevel.Information,
        "Re-protection under key {KeyId} has seen {Rows} rows: {Renewed} values renewed, {Skipped} rows skipped; another scan follows")]
    private partial void LogCompleted(string keyId, long rows, long renewed, long skipped);

    [LoggerMessage(4012, LogLevel.Information,
        "Re-protection: everything in {Rows} rows is protected by key {KeyId}; the previous keys can be removed")]
    private partial void LogNothingLeft(string keyId, long rows);

    [LoggerMessage(4013, LogLevel.Critical,
        "Re-protection under key {KeyId}: {Unreadable} values in {Rows} rows cannot be read with any configured key; do not remove any")]
    private partial void LogDamaged(string keyId, long unreadable, long rows);

    [LoggerMessage(4014, LogLevel.Error, "Re-protection: row {Row}, property {Property} cannot be read: {Cause}")]
    private partial void LogUnreadable(string row, string property, string cause);

    [LoggerMessage(4015, LogLevel.Information, "Re-protection: another instance works on the same scan; this one stops")]
    private partial void LogOvertaken();
}
