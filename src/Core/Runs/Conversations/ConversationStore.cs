using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Conversations in the Work table.</summary>
internal sealed class ConversationStore(StorageClients storage)
{
    public async Task<Conversation?> FindAsync(string partition, string conversationId, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(
            partition, RowKeys.Conversation(conversationId), cancellationToken: cancellationToken);
        return row.HasValue ? ConversationRow.Read(row.Value!) : null;
    }

    /// <summary>Conversations of an owner, last active first; a page may hold fewer than asked for, or none, and still go on.</summary>
    public async Task<ListPage<Conversation>> ListAsync(Owner owner, int limit, string? after, CancellationToken cancellationToken)
    {
        var table = await storage.GetWorkTableAsync(cancellationToken);
        var range = TableClient.CreateQueryFilter(
            $"PartitionKey eq {owner.Partition} and RowKey gt {after ?? RowKeys.ConversationListPrefix} and RowKey lt {RowKeys.EndOfPrefix(RowKeys.ConversationListPrefix)}");
        var keys = await table.QueryAsync<TableEntity>(range, limit + 1, ["RowKey"], cancellationToken)
            .Take(limit + 1).Select(row => row.RowKey).ToListAsync(cancellationToken);
        var found = await Task.WhenAll(keys.Take(limit).Select(key => FindAsync(owner.Partition, key[(key.LastIndexOf('!') + 1)..], cancellationToken)));
        return new ListPage<Conversation>(
            [.. found.OfType<Conversation>().Where(conversation => !conversation.IsDeleted)],
            keys.Count > limit ? keys[limit - 1] : null);
    }
}
