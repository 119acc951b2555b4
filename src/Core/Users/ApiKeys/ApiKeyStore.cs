using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using Yggdrasil.Storage.Due;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Users.ApiKeys;

/// <summary>API keys in the Work table: each has two rows.</summary>
/// <remarks>
/// <code>
///   partition of its owner   apikey!{id}   what its owner sees of it: listed, exported, removed with the owner's data
///   partition {id}           apikey        what lets its holder in, read by the id in the key, without knowing whose it is
/// </code>
/// <para>The second is written last and removed first. So a crash in between leaves a key that is listed, opens nothing and can be revoked,
/// and never one that opens something and is listed nowhere.</para>
/// </remarks>
internal sealed class ApiKeyStore(StorageClients storage, ContentVault vault, DueStore due)
{
    private const int SchemaVersion = 1;
    private const string Key = "Key";
    private const string Row = "apikey";
    private const string CreatedAt = "CreatedAt";
    private const string LastUsedAt = "LastUsedAt";

    /// <returns>Whether it opens something: not where its owner's data was removed meanwhile.</returns>
    public async Task<bool> AddAsync(ApiKey key, StoredApiKey stored, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var partition = stored.Owner.Partition;
        if (DueOf(partition, key) is { } item)
        {
            await due.AddAsync(item, cancellationToken);
        }

        // Upserts: the id is nobody else's, and storage may answer our own success a second time.
        await table.UpsertEntityAsync(
            new TableEntity(partition, RowKeys.ApiKey(key.Id))
            {
                ["Version"] = SchemaVersion,
                [CreatedAt] = key.CreatedAt,
                [Key] = await SealAsync(key.Definition, partition, RowKeys.ApiKey(key.Id), cancellationToken),
            },
            TableUpdateMode.Replace, cancellationToken);
        await table.UpsertEntityAsync(
            new TableEntity(key.Id, Row) { ["Version"] = SchemaVersion, [Key] = await SealAsync(stored, key.Id, Row, cancellationToken) },
            TableUpdateMode.Replace, cancellationToken);

        var listed = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.ApiKey(key.Id), ["RowKey"], cancellationToken);
        if (!listed.HasValue)
        {
            await table.DeleteEntityAsync(key.Id, Row, ETag.All, CancellationToken.None);
        }

        return listed.HasValue;
    }

    /// <summary>What lets a key's holder in; null where there is no such key.</summary>
    /// <exception cref="ContentProtectionException">Somebody wrote, changed or moved it.</exception>
    public async Task<StoredApiKey?> FindAsync(string id, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(id, Row, [Key], cancellationToken);
        return found.HasValue ? await vault.OpenJsonAsync<StoredApiKey>(found.Value!.GetBinary(Key) ?? [], Address(id, Row), cancellationToken) : null;
    }

    public async Task<ApiKey?> FindAsync(Owner owner, string id, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(owner.Partition, RowKeys.ApiKey(id), cancellationToken: cancellationToken);
        return found.HasValue ? await ReadAsync(found.Value!, cancellationToken) : null;
    }

    public async Task<int> CountAsync(Owner owner, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        return await table.CountAsync(owner.Partition, RowKeys.ApiKeyPrefix, cancellationToken);
    }

    /// <summary>The owner's keys in order of their ids.</summary>
    /// <param name="after">The row key of the last one shown.</param>
    public async Task<ListPage<ApiKey>> ListAsync(Owner owner, int limit, string? after, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        return await table.ReadPageAsync(
            owner.Partition, RowKeys.ApiKeyPrefix, limit, after, row => ReadAsync(row, cancellationToken), cancellationToken);
    }

    /// <summary>A key of its owner's row. One that cannot be read is shown without what it says, and hides no other.</summary>
    public async Task<ApiKey> ReadAsync(TableEntity row, CancellationToken cancellationToken)
    {
        var key = new ApiKey(row.RowKey[RowKeys.ApiKeyPrefix.Length..], new ApiKeyDefinition { Name = "" }, row.GetDateTimeOffset(CreatedAt) ?? default)
        {
            LastUsedAt = row.GetDateTimeOffset(LastUsedAt),
        };
        try
        {
            var definition = await vault.OpenJsonAsync<ApiKeyDefinition>(
                row.GetBinary(Key) ?? [], Address(row.PartitionKey, row.RowKey), cancellationToken);
            return key with { Definition = definition };
        }
        catch (ContentProtectionException)
        {
            // Logged and alerted where it was found.
            return key with { IsUnreadable = true };
        }
    }

    /// <summary>Writes down that a key was used. One that was revoked meanwhile does not come back.</summary>
    public async Task NoteUseAsync(Owner owner, string id, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        try
        {
            var row = new TableEntity(owner.Partition, RowKeys.ApiKey(id)) { [LastUsedAt] = at };
            await table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Merge, cancellationToken);
        }
        catch (RequestFailedException failure) when (failure.Status == NotFound)
        {
            // Somebody has just revoked it.
        }
    }

    /// <summary>Removes a key of an owner for good.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> RemoveAsync(string partition, string id, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var found = await table.GetEntityIfExistsAsync<TableEntity>(partition, RowKeys.ApiKey(id), cancellationToken: cancellationToken);
        if (!found.HasValue)
        {
            return false;
        }

        await table.DeleteEntityAsync(id, Row, ETag.All, cancellationToken);
        if (DueOf(partition, await ReadAsync(found.Value!, cancellationToken)) is { } item)
        {
            await due.RemoveAsync(item, cancellationToken);
        }

        var response = await table.DeleteEntityAsync(partition, RowKeys.ApiKey(id), ETag.All, cancellationToken);
        return response.Status != NotFound;
    }

    /// <summary>Has the keys that an owner's own rows name let nobody in; the rows themselves are the caller's.</summary>
    public async Task RemoveNamedAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        foreach (var row in rows.Where(row => row.RowKey.StartsWith(RowKeys.ApiKeyPrefix, StringComparison.Ordinal)))
        {
            await table.DeleteEntityAsync(row.RowKey[RowKeys.ApiKeyPrefix.Length..], Row, ETag.All, cancellationToken);
        }
    }

    private static DueItem? DueOf(string partition, ApiKey key) => key.Definition.ExpiresAt is { } expiresAt
        ? new DueItem(DueItem.DayAfter(expiresAt), DueKind.ApiKey, partition, key.Id)
        : null;

    private async Task<byte[]> SealAsync<T>(T value, string partition, string row, CancellationToken cancellationToken) =>
        await vault.SealAsync(JsonSerializer.SerializeToUtf8Bytes(value, StoredJson.Options), Address(partition, row), cancellationToken);

    private static ContentAddress Address(string partition, string row) => new(StorageClients.WorkTable, partition, row, Key);
}
