using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Logging;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Models.Cache;

/// <summary>The second level of the response cache: the Cache table, which all instances share.</summary>
/// <remarks>
/// A row is one answer, protected under the data key of those who share it and bound to its place. Its key is a name made of
/// the request's hash under that key. Partition: those who share it, and the first two digits of the name, so that one busy
/// agent's answers spread over 256 partitions and all of an owner's are one range of keys. Nothing here may stop a run: what
/// storage or keys do not give is a miss.
/// </remarks>
public sealed partial class ResponseCacheTable(
    StorageClients storage, ContentProtector protector, TimeProvider time, ILogger<ResponseCacheTable> logger) : IDistributedCache
{
    /// <summary>The largest answer kept, in bytes as JSON: with its envelope, well within the 1 MiB of a row.</summary>
    public const int MaxBytes = 512 * 1024;

    /// <summary>Rows one purge removes; the next goes on.</summary>
    internal const int MaxPurgedRows = 50_000;

    private const int SchemaVersion = 1;
    private const int MaxParallelDeletes = 16;
    private const string ExpiresAt = "ExpiresAt";
    private const string Value = "Value";

    // A binary property ends at 64 KiB.
    private const int PartBytes = 64 * 1024;

    public async Task<byte[]?> GetAsync(string key, CancellationToken token = default)
    {
        // HybridCache looks for keys of its own, too, which mark what it has been told to forget: nothing is.
        if (!ResponseCacheKey.TryParse(key, out var asked))
        {
            return null;
        }

        try
        {
            var address = Address(asked);
            var table = await storage.GetCacheTableAsync(token);
            var row = await table.GetEntityIfExistsAsync<TableEntity>(RowPartition(address), address.Row, cancellationToken: token);
            return row.HasValue && row.Value!.GetDateTimeOffset(ExpiresAt) > time.GetUtcNow()
                ? await protector.UnprotectAsync(Join(row.Value), address, token)
                : null;
        }
        catch (ContentProtectionException unreadable)
        {
            LogUnreadable(unreadable.Address.Row, unreadable.Cause);
            return null;
        }
        catch (Exception failure) when (StorageOutage.Is(failure))
        {
            LogNotRead(failure.GetType().Name, (failure as RequestFailedException)?.Status);
            return null;
        }
    }

    public async Task SetAsync(string key, byte[] value, DistributedCacheEntryOptions options, CancellationToken token = default)
    {
        if (!ResponseCacheKey.TryParse(key, out var asked) || options.AbsoluteExpirationRelativeToNow is not { } ttl)
        {
            return;
        }

        try
        {
            var address = Address(asked);
            var row = new TableEntity(RowPartition(address), address.Row) { ["Version"] = SchemaVersion, [ExpiresAt] = time.GetUtcNow() + ttl };
            foreach (var (index, part) in protector.Protect(value, address).Chunk(PartBytes).Index())
            {
                row[$"{Value}{index}"] = part;
            }

            var table = await storage.GetCacheTableAsync(token);
            await table.UpsertEntityAsync(row, TableUpdateMode.Replace, token);
        }
        catch (Exception failure) when (StorageOutage.Is(failure))
        {
            LogNotWritten(failure.GetType().Name, (failure as RequestFailedException)?.Status);
        }
    }

    /// <summary>Removes rows whose time has passed, up to <see cref="MaxPurgedRows"/> of them.</summary>
    /// <returns>How many it removed.</returns>
    public async Task<int> PurgeExpiredAsync(CancellationToken cancellationToken)
    {
        var table = await storage.GetCacheTableAsync(cancellationToken);
        var now = time.GetUtcNow();
        var expired = table.QueryAsync<TableEntity>(
            TableClient.CreateQueryFilter($"ExpiresAt le {now}"), select: ["PartitionKey", "RowKey"], cancellationToken: cancellationToken);
        var removed = await DeleteAllAsync(expired.Take(MaxPurgedRows), (row, token) => TryDeleteAsync(table, row, token), cancellationToken);
        if (removed > 0)
        {
            LogPurged(removed);
        }

        return removed;
    }

    /// <summary>Removes the answers that are an owner's alone. What a process has in memory goes when its time has passed.</summary>
    /// <returns>How many there were.</returns>
    public async Task<int> RemoveOwnedAsync(string partition, CancellationToken cancellationToken)
    {
        // Its partitions are the owner's and two digits.
        var table = await storage.GetCacheTableAsync(cancellationToken);
        var owned = TableClient.CreateQueryFilter($"PartitionKey ge {partition + '!'} and PartitionKey lt {RowKeys.EndOfChildren(partition)}");
        var rows = table.QueryAsync<TableEntity>(owned, select: ["PartitionKey", "RowKey"], cancellationToken: cancellationToken);
        return await DeleteAllAsync(
            rows,
            async (row, token) =>
            {
                await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: token);
                return true;
            },
            cancellationToken);
    }

    /// <param name="delete">Answers whether it deleted the row.</param>
    /// <returns>How many rows were deleted.</returns>
    private static async Task<int> DeleteAllAsync(
        IAsyncEnumerable<TableEntity> rows, Func<TableEntity, CancellationToken, Task<bool>> delete, CancellationToken cancellationToken)
    {
        var removed = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = MaxParallelDeletes, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(rows, parallel, async (row, token) =>
        {
            if (await delete(row, token))
            {
                Interlocked.Increment(ref removed);
            }
        });
        return removed;
    }

    public async Task RemoveAsync(string key, CancellationToken token = default)
    {
        if (ResponseCacheKey.TryParse(key, out var asked))
        {
            var address = Address(asked);
            var table = await storage.GetCacheTableAsync(token);
            await table.DeleteEntityAsync(RowPartition(address), address.Row, cancellationToken: token);
        }
    }

    // Rows live for as long as they were meant to when written.
    public Task RefreshAsync(string key, CancellationToken token = default) => Task.CompletedTask;

    // HybridCache is the only user, and asynchronous.
    byte[]? IDistributedCache.Get(string key) => throw new NotSupportedException();

    void IDistributedCache.Set(string key, byte[] value, DistributedCacheEntryOptions options) => throw new NotSupportedException();

    void IDistributedCache.Refresh(string key) => throw new NotSupportedException();

    void IDistributedCache.Remove(string key) => throw new NotSupportedException();

    /// <returns>False for a row that was written anew since it was found.</returns>
    private static async Task<bool> TryDeleteAsync(TableClient table, TableEntity row, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, row.ETag, cancellationToken);
            return response.Status != NotFound;
        }
        catch (RequestFailedException failure) when (failure.Status is PreconditionFailed or NotFound)
        {
            return false;
        }
    }

    private static byte[] Join(TableEntity row)
    {
        using var envelope = new MemoryStream();
        for (var index = 0; row.GetBinary($"{Value}{index}") is { } part; index++)
        {
            envelope.Write(part);
        }

        return envelope.ToArray();
    }

    private static string RowPartition(ContentAddress address) => $"{address.Partition}!{address.Row.AsSpan(0, 2)}";

    private ContentAddress Address(ResponseCacheKey key) =>
        new(StorageClients.CacheTable, key.Partition, protector.NameFor(key.Hash, key.Partition), Value);

    [LoggerMessage(6101, LogLevel.Information, "A cached answer is not readable and counts as a miss: row {Row}: {Cause}")]
    private partial void LogUnreadable(string row, string cause);

    [LoggerMessage(6102, LogLevel.Warning, "The response cache could not be read; the model is asked ({ExceptionType} {Status})")]
    private partial void LogNotRead(string exceptionType, int? status);

    [LoggerMessage(6103, LogLevel.Warning, "An answer could not be kept in the response cache ({ExceptionType} {Status})")]
    private partial void LogNotWritten(string exceptionType, int? status);

    [LoggerMessage(6104, LogLevel.Information, "Removed {Count} expired answers from the response cache")]
    private partial void LogPurged(int count);
}
