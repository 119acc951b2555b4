using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Conversations, for callers: read, list, delete. Runs begin and continue conversations.</summary>
public sealed class ConversationService
{
    private readonly ConversationStore _store;
    private readonly ConversationLog _log;
    private readonly ConversationRemoval _removal;
    private readonly RunStore _runs;

    internal ConversationService(ConversationStore store, ConversationLog log, ConversationRemoval removal, RunStore runs) =>
        (_store, _log, _removal, _runs) = (store, log, removal, runs);

    /// <exception cref="NotFoundException">There is no such conversation in this scope.</exception>
    public async Task<Conversation> GetAsync(Scope scope, string conversationId, CancellationToken cancellationToken)
    {
        var found = await FindAsync(scope, ConversationAction.Read, conversationId, cancellationToken);
        return found.IsDeleted ? throw AccessPolicy.NoConversation(conversationId) : found;
    }

    /// <summary>The owner's conversations, last active first.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public async Task<ListPage<Conversation>> ListAsync(Scope scope, int limit, string? after, CancellationToken cancellationToken)
    {
        if (after is not null && !after.StartsWith(RowKeys.ConversationListPrefix, StringComparison.Ordinal))
        {
            throw InvalidRequestException.NotACursor();
        }

        var page = await _store.ListAsync(scope.Owner, limit, after, cancellationToken);
        return page with { Items = [.. page.Items.Where(conversation => AccessPolicy.IsInScope(scope.Caller, conversation.AgentId))] };
    }

    /// <summary>Its messages, oldest first; at the end, those of its active run so far.</summary>
    /// <exception cref="NotFoundException">There is no such conversation in this scope.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public async Task<ListPage<ConversationMessage>> ListMessagesAsync(
        Scope scope, string conversationId, int limit, string? after, CancellationToken cancellationToken)
    {
        var conversation = await GetAsync(scope, conversationId, cancellationToken);
        var first = MessageCursor.Parse(after);
        List<(MessageCursor Cursor, ConversationMessage Message)> found = [];
        string? last = null;
        await foreach (var exchange in _log.ReadAsync(scope.Owner.Partition, conversationId, first.Sequence, limit + 1, cancellationToken))
        {
            last = exchange.RunId;
            Add(exchange.Sequence, ConversationMessage.Of(exchange));
            if (found.Count > limit)
            {
                break;
            }
        }

        // The log was read after the row: a run that ended in between is in both.
        if (found.Count <= limit && conversation.ActiveRun is { } active && active != last
            && await _runs.LoadAsync(scope.Owner.Partition, active, cancellationToken) is var (_, entries))
        {
            Add(conversation.Exchanges, ConversationMessage.Of(active, Exchange.SoFar(entries)));
        }

        return new ListPage<ConversationMessage>(
            [.. found.Take(limit).Select(item => item.Message)],
            found.Count > limit ? found[limit].Cursor.ToString() : null);

        void Add(long sequence, IEnumerable<ConversationMessage> messages) => found.AddRange(messages
            .Select((message, index) => (Cursor: new MessageCursor(sequence, index), message))
            .Where(item => sequence > first.Sequence || item.Cursor.Index >= first.Index)
            .Take(limit + 1 - found.Count));
    }

    /// <summary>Deletes the conversation, its runs and everything they hold.</summary>
    /// <exception cref="NotFoundException">There is no such conversation in this scope.</exception>
    /// <exception cref="ConflictException">It has an active run.</exception>
    public async Task DeleteAsync(Scope scope, string conversationId, CancellationToken cancellationToken)
    {
        // One whose deletion was cut short is found, too: to repeat the request completes it.
        var conversation = await FindAsync(scope, ConversationAction.Delete, conversationId, cancellationToken);
        await _removal.RemoveAsync(conversation, cancellationToken);
    }

    private async Task<Conversation> FindAsync(
        Scope scope, ConversationAction action, string conversationId, CancellationToken cancellationToken)
    {
        var found = Ids.IsValid(conversationId) ? await _store.FindAsync(scope.Owner.Partition, conversationId, cancellationToken) : null;
        AccessPolicy.Require(scope.Caller, action, found?.Owner, found?.AgentId, conversationId);
        return found!;
    }
}
