using System.Globalization;
using System.Text.Json;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Security;
using Yggdrasil.Storage;

namespace Yggdrasil.Conversations;

/// <summary>The exchanges of conversations in the Work table, their messages protected.</summary>
internal sealed class ConversationLog(StorageClients storage, ContentVault vault)
{
    private const int SchemaVersion = 1;
    private const string Content = "Content";

    public async Task<TableTransactionAction> AppendAsync(
        string partition, string conversationId, Exchange exchange, CancellationToken cancellationToken)
    {
        var row = new TableEntity(partition, RowKeys.Exchange(conversationId, exchange.Sequence))
        {
            ["Version"] = SchemaVersion,
            ["RunId"] = exchange.RunId,
            ["Messages"] = exchange.Messages.Count,
            ["Shown"] = exchange.IsShown,
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(exchange.Messages, StoredJson.Options);
        row[Content] = await vault.SealAsync(content, Address(row), cancellationToken);
        return new TableTransactionAction(TableTransactionActionType.Add, row);
    }

    /// <summary>What a model is shown of a conversation; one request for each thousand exchanges.</summary>
    /// <exception cref="ContentProtectionException">Some of it cannot be trusted or read.</exception>
    public async Task<IReadOnlyList<ChatMessage>> LoadAsync(
        string partition, string conversationId, HistoryRange range, CancellationToken cancellationToken)
    {
        List<ChatMessage> messages = [];
        if (range.From == range.To)
        {
            return messages;
        }

        await foreach (var row in ReadRowsAsync(partition, conversationId, range.From, range.To, maxPerPage: null, cancellationToken))
        {
            if (row.GetBoolean("Shown") == true)
            {
                var exchange = await ReadAsync(row, cancellationToken);
                messages.AddRange(exchange.Messages.Skip(exchange.Sequence == range.From ? range.Skip : 0));
            }
        }

        // Times are for readers; providers, and caches of answers, need none.
        messages.ForEach(message => message.CreatedAt = null);
        return messages;
    }

    /// <summary>Exchanges in order, each read when it is asked for.</summary>
    public async IAsyncEnumerable<Exchange> ReadAsync(
        string partition, string conversationId, long from, int maxPerPage,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in ReadRowsAsync(partition, conversationId, from, to: null, maxPerPage, cancellationToken))
        {
            yield return await ReadAsync(row, cancellationToken);
        }
    }

    private async IAsyncEnumerable<TableEntity> ReadRowsAsync(
        string partition, string conversationId, long from, long? to, int? maxPerPage,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var end = to is { } exclusive
            ? RowKeys.Exchange(conversationId, exclusive)
            : RowKeys.EndOfPrefix(RowKeys.ConversationLog(conversationId));
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {partition} and RowKey ge {RowKeys.Exchange(conversationId, from)} and RowKey lt {end}");
        await foreach (var row in table.QueryAsync<TableEntity>(range, maxPerPage, cancellationToken: cancellationToken))
        {
            if (!RowKeys.IsSummary(row.RowKey))
            {
                yield return row;
            }
        }
    }

    private async Task<Exchange> ReadAsync(TableEntity row, CancellationToken cancellationToken) => new(
        long.Parse(row.RowKey.AsSpan(row.RowKey.LastIndexOf('!') + 1), CultureInfo.InvariantCulture),
        row.GetString("RunId"),
        row.GetBoolean("Shown") ?? true,
        await vault.OpenJsonAsync<List<ChatMessage>>(row.GetBinary(Content), Address(row), cancellationToken));

    private static ContentAddress Address(TableEntity row) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, Content);
}
