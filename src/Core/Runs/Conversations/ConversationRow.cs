using Azure;
using Azure.Data.Tables;
using Yggdrasil.Identity;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Conversations;

/// <summary>A conversation as a row of the Work table. It holds ids and counts; content is in its log.</summary>
internal static class ConversationRow
{
    private const int SchemaVersion = 1;

    /// <summary>The change that makes the stored row say what <paramref name="conversation"/> says, if it is still in its version.</summary>
    public static TableTransactionAction Write(Conversation conversation)
    {
        var row = new TableEntity(conversation.Owner.Partition, RowKeys.Conversation(conversation.Id))
        {
            ["Version"] = SchemaVersion,
            ["Tenant"] = conversation.Owner.Tenant,
            ["User"] = conversation.Owner.User,
            ["CreatedAt"] = conversation.CreatedAt,
            ["UpdatedAt"] = conversation.UpdatedAt,
            ["AgentId"] = conversation.AgentId,

            // -1 and the empty text, not null: what a merge leaves out stays as it was.
            ["RetentionDays"] = conversation.RetentionDays ?? -1,
            ["ActiveRun"] = conversation.ActiveRun ?? "",
            ["Queue"] = string.Join(' ', conversation.Queue),
            ["Exchanges"] = conversation.Exchanges,
            ["Messages"] = conversation.Messages,
            ["WindowFrom"] = conversation.WindowFrom,
            ["WindowSkip"] = conversation.WindowSkip,
            ["Summary"] = conversation.HasSummary,
            ["Deleted"] = conversation.IsDeleted,
        };
        return conversation.ETag == default
            ? new TableTransactionAction(TableTransactionActionType.Add, row)
            : new TableTransactionAction(TableTransactionActionType.UpdateMerge, row, conversation.ETag);
    }

    /// <summary>What takes a conversation to its new place in the list of the owner's, last active first.</summary>
    public static IEnumerable<TableTransactionAction> Move(Conversation? stored, Conversation changed)
    {
        var partition = changed.Owner.Partition;
        var place = RowKeys.ConversationListEntry(changed.UpdatedAt, changed.Id);
        var before = stored is null ? null : RowKeys.ConversationListEntry(stored.UpdatedAt, stored.Id);
        if (place == before)
        {
            yield break;
        }

        if (before is not null)
        {
            yield return new(TableTransactionActionType.Delete, new TableEntity(partition, before), ETag.All);
        }

        yield return new(TableTransactionActionType.Add, new TableEntity(partition, place));
    }

    public static Conversation Read(TableEntity row) => new()
    {
        Id = row.RowKey[RowKeys.ConversationPrefix.Length..],
        Owner = Owner.OfPartition(row.PartitionKey),
        CreatedAt = row.GetDateTimeOffset("CreatedAt") ?? default,
        UpdatedAt = row.GetDateTimeOffset("UpdatedAt") ?? default,
        AgentId = row.GetString("AgentId") ?? "",
        RetentionDays = row.GetInt32("RetentionDays") is >= 0 and var days ? days : null,
        ActiveRun = row.GetString("ActiveRun") is { Length: > 0 } active ? active : null,
        Queue = (row.GetString("Queue") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Exchanges = row.GetInt64("Exchanges") ?? 0,
        Messages = row.GetInt64("Messages") ?? 0,
        WindowFrom = row.GetInt64("WindowFrom") ?? 0,
        WindowSkip = row.GetInt32("WindowSkip") ?? 0,
        HasSummary = row.GetBoolean("Summary") ?? false,
        IsDeleted = row.GetBoolean("Deleted") ?? false,
        ETag = row.ETag,
    };
}
