using System.Text.Json;
using Azure.Data.Tables;
using Yggdrasil.Protection;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Conversations;

/// <summary>What callers have noted on their conversations: a protected column of the conversation's row, which runs leave as it is.</summary>
internal sealed class ConversationMetadata(StorageClients storage, ContentVault vault)
{
    private const string Column = "Metadata";

    /// <summary>Empty where nothing was noted.</summary>
    /// <exception cref="ContentProtectionException">It cannot be trusted or read.</exception>
    public async Task<IReadOnlyDictionary<string, string>> FindAsync(string partition, string conversationId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(
            partition, RowKeys.Conversation(conversationId), ["PartitionKey", "RowKey", Column], cancellationToken);
        return row.HasValue ? await ReadAsync(row.Value!, cancellationToken) : new Dictionary<string, string>();
    }

    /// <exception cref="ContentProtectionException">It cannot be trusted or read.</exception>
    public async Task<IReadOnlyDictionary<string, string>> ReadAsync(TableEntity row, CancellationToken cancellationToken) =>
        row.GetBinary(Column) is { } stored
            ? await vault.OpenJsonAsync<Dictionary<string, string>>(stored, Address(row), cancellationToken)
            : [];

    public async Task SetAsync(TableEntity row, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken) =>
        row[Column] = await vault.SealAsync(JsonSerializer.SerializeToUtf8Bytes(metadata, StoredJson.Options), Address(row), cancellationToken);

    private static ContentAddress Address(TableEntity row) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, Column);
}
