using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Protection;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Conversations;

/// <summary>The exchanges of conversations in the Work table, their messages protected.</summary>
internal sealed class ConversationLog(StorageClients storage, ContentVault vault)
{
    private const int SchemaVersion = 1;
    private const string Content = "Content";

    /// <returns>The change that appends an exchange, and what later runs are shown of it.</returns>
    public async Task<(TableTransactionAction Change, HistoryPart Shown)> AppendAsync(
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

        // Read back from what is stored, so that it is the same here and on every other instance.
        var stored = JsonSerializer.Deserialize<List<ChatMessage>>(content, StoredJson.Options)!.AsBefore();
        return (new TableTransactionAction(TableTransactionActionType.Add, row), Shown(exchange with { Messages = stored }));
    }

    /// <summary>The changes that put a summary where the window begins, and take the one before away.</summary>
    /// <param name="before">Where that one is; null when there is none.</param>
    public async Task<IReadOnlyList<TableTransactionAction>> SummariseAsync(
        string partition, string conversationId, long? before, long from, ChatMessage summary, CancellationToken cancellationToken)
    {
        var row = new TableEntity(partition, RowKeys.Summary(conversationId, from)) { ["Version"] = SchemaVersion };
        var content = JsonSerializer.SerializeToUtf8Bytes<List<ChatMessage>>([summary], StoredJson.Options);
        row[Content] = await vault.SealAsync(content, Address(row), cancellationToken);
        TableTransactionAction change = new(TableTransactionActionType.UpsertReplace, row);
        return before is { } old && old != from
            ? [change, new(TableTransactionActionType.Delete, new TableEntity(partition, RowKeys.Summary(conversationId, old)), ETag.All)]
            : [change];
    }

    /// <summary>What a model is shown of a conversation; one request for each thousand exchanges.</summary>
    /// <exception cref="ContentProtectionException">Some of it cannot be trusted or read.</exception>
    public async Task<ConversationHistory> LoadAsync(
        string partition, string conversationId, HistoryRange range, CancellationToken cancellationToken)
    {
        if (range.From == range.To)
        {
            return ConversationHistory.None;
        }

        ChatMessage? summary = null;
        List<HistoryPart> parts = [];
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var filter = RowKeys.Range(partition, RowKeys.Exchange(conversationId, range.From), RowKeys.Exchange(conversationId, range.To));
        await foreach (var row in table.QueryAsync<TableEntity>(filter, cancellationToken: cancellationToken))
        {
            if (row.RowKey == RowKeys.Summary(conversationId, range.From))
            {
                summary = (await OpenAsync(row, cancellationToken))[0];
            }
            else if (RowKeys.TryReadSequence(row.RowKey, out _))
            {
                var part = Shown(await ReadAsync(row, cancellationToken));
                parts.Add(part.Sequence == range.From ? part.From(range.Skip) : part);
            }
        }

        return new ConversationHistory(summary, parts);
    }

    /// <summary>Exchanges in order, each read when it is asked for.</summary>
    public async IAsyncEnumerable<Exchange> ReadAsync(
        string partition, string conversationId, long from, int maxPerPage,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var filter = RowKeys.Range(
            partition, RowKeys.Exchange(conversationId, from), RowKeys.EndOfPrefix(RowKeys.ConversationLog(conversationId)));
        await foreach (var row in table.QueryAsync<TableEntity>(filter, maxPerPage, cancellationToken: cancellationToken))
        {
            if (RowKeys.TryReadSequence(row.RowKey, out _))
            {
                yield return await ReadAsync(row, cancellationToken);
            }
        }
    }

    /// <summary>Times are for readers; providers, and caches of answers, need none.</summary>
    private static HistoryPart Shown(Exchange exchange)
    {
        foreach (var message in exchange.Messages)
        {
            message.CreatedAt = null;
        }

        return new HistoryPart(exchange.Sequence, 0, exchange.IsShown ? exchange.Messages : []);
    }

    /// <exception cref="ContentProtectionException">Its content cannot be trusted or read.</exception>
    /// <exception cref="FormatException">It is no exchange.</exception>
    public async Task<Exchange> ReadAsync(TableEntity row, CancellationToken cancellationToken) => new(
        RowKeys.TryReadSequence(row.RowKey, out var sequence) ? sequence : throw new FormatException($"{row.RowKey} is no exchange."),
        row.GetString("RunId") ?? "",
        row.GetBoolean("Shown") ?? true,
        await OpenAsync(row, cancellationToken));

    private async ValueTask<List<ChatMessage>> OpenAsync(TableEntity row, CancellationToken cancellationToken) =>
        (await vault.OpenJsonAsync<List<ChatMessage>>(row.GetBinary(Content), Address(row), cancellationToken)).AsBefore();

    private static ContentAddress Address(TableEntity row) => new(StorageClients.WorkTable, row.PartitionKey, row.RowKey, Content);
}
