using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Store;
using Yggdrasil.Storage;
using static Yggdrasil.Storage.StorageStatus;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Conversations that callers begin, annotate and add messages to, besides what runs add.</summary>
/// <remarks>What a caller adds is an exchange like a run's, without a run. It is added between runs only: what a run is shown never changes.</remarks>
public sealed class ConversationEditing
{
    private const string IdPrefix = "conv_";

    private readonly StorageClients _storage;
    private readonly ConversationStore _store;
    private readonly ConversationMetadata _metadata;
    private readonly ConversationLog _log;
    private readonly ConversationMemory _memory;
    private readonly RetentionCompanion _retention;
    private readonly Contention _contention;
    private readonly TimeProvider _time;

    internal ConversationEditing(
        StorageClients storage, ConversationStore store, ConversationMetadata metadata, ConversationLog log, ConversationMemory memory,
        RetentionCompanion retention, Contention contention, TimeProvider time)
    {
        (_storage, _store, _metadata, _log, _memory) = (storage, store, metadata, log, memory);
        (_retention, _contention, _time) = (retention, contention, time);
    }

    /// <summary>Begins a conversation, without a run.</summary>
    /// <param name="messages">What was said in it elsewhere; empty for nothing.</param>
    /// <exception cref="ForbiddenException">The caller's API key is for reading.</exception>
    public async Task<Conversation> CreateAsync(
        Caller caller, IReadOnlyDictionary<string, string> metadata, IReadOnlyList<ChatMessage> messages, CancellationToken cancellationToken)
    {
        AccessPolicy.RequireRunning(caller);
        var (partition, now) = (caller.Owner.Partition, _time.GetUtcNow());
        var begun = new Conversation
        {
            Id = IdPrefix + Ids.NewUnique(),
            Owner = caller.Owner,
            CreatedAt = now,
            UpdatedAt = now,

            // Of no agent's run yet: a key that is for some agents finds it by the first of them.
            AgentId = caller.Key?.Scope?.Agents?.Order(StringComparer.Ordinal).FirstOrDefault() ?? "",
        };
        List<TableTransactionAction> others = [];
        if (messages.Count > 0)
        {
            var (appended, _) = await _log.AppendAsync(partition, begun.Id, Added(begun, messages, now), cancellationToken);
            others.Add(appended);
            begun = begun with { Exchanges = 1, Messages = messages.Count };
        }

        await _retention.EnsureDayAsync(partition, retentionDays: null, cancellationToken);
        var row = ConversationRow.Write(begun);
        await _metadata.SetAsync((TableEntity)row.Entity, metadata, cancellationToken);
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        await table.SubmitTransactionAsync([row, .. ConversationRow.Move(stored: null, begun), .. others], cancellationToken);
        return begun;
    }

    /// <summary>What its caller has noted on it; empty where nothing was.</summary>
    /// <exception cref="NotFoundException">There is no such conversation in this scope.</exception>
    public async Task<IReadOnlyDictionary<string, string>> GetMetadataAsync(Scope scope, string conversationId, CancellationToken cancellationToken)
    {
        await RequireAsync(scope, ConversationAction.Read, conversationId, cancellationToken);
        return await _metadata.FindAsync(scope.Owner.Partition, conversationId, cancellationToken);
    }

    /// <summary>Replaces what its caller has noted on it.</summary>
    /// <exception cref="NotFoundException">There is no such conversation in this scope.</exception>
    public async Task<Conversation> SetMetadataAsync(
        Scope scope, string conversationId, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        var partition = scope.Owner.Partition;
        return await _contention.RetryAsync("The conversation", AttemptAsync, cancellationToken);

        async Task<Conversation> AttemptAsync()
        {
            var found = await RequireAsync(scope, ConversationAction.Change, conversationId, cancellationToken);
            var change = new TableEntity(partition, RowKeys.Conversation(conversationId));
            await _metadata.SetAsync(change, metadata, cancellationToken);
            await WriteAsync(found, [new TableTransactionAction(TableTransactionActionType.UpdateMerge, change, found.ETag)], cancellationToken);
            return found;
        }
    }

    /// <summary>Adds messages after all that was said.</summary>
    /// <returns>The place of the exchange that they are.</returns>
    /// <exception cref="NotFoundException">There is no such conversation in this scope.</exception>
    /// <exception cref="ConflictException">It has an active run.</exception>
    public async Task<long> AddAsync(Scope scope, string conversationId, IReadOnlyList<ChatMessage> messages, CancellationToken cancellationToken)
    {
        var partition = scope.Owner.Partition;
        return await _contention.RetryAsync("The conversation", AttemptAsync, cancellationToken);

        async Task<long> AttemptAsync()
        {
            var found = await RequireAsync(scope, ConversationAction.Change, conversationId, cancellationToken);
            if (found.ActiveRun is { } active)
            {
                throw new ConflictException($"The conversation \"{conversationId}\" has an active run, {active}: wait for its end.");
            }

            var now = _time.GetUtcNow();
            await _retention.EnsureDayAsync(partition, found.RetentionDays, cancellationToken);
            var (appended, _) = await _log.AppendAsync(partition, conversationId, Added(found, messages, now), cancellationToken);
            var touched = found with { UpdatedAt = now, Exchanges = found.Exchanges + 1, Messages = found.Messages + messages.Count };
            await WriteAsync(found, [ConversationRow.Write(touched), .. ConversationRow.Move(found, touched), appended], cancellationToken);
            return found.Exchanges;
        }
    }

    /// <summary>An exchange of a conversation; null where it is not that long.</summary>
    /// <returns>The run that it is of, or else null, and its messages.</returns>
    public async Task<(string? RunId, IReadOnlyList<ChatMessage> Messages)?> FindExchangeAsync(
        Conversation conversation, long sequence, CancellationToken cancellationToken)
    {
        var partition = conversation.Owner.Partition;
        var table = await _storage.GetWorkTableAsync(cancellationToken);
        var row = await table.GetEntityIfExistsAsync<TableEntity>(
            partition, RowKeys.Exchange(conversation.Id, sequence), cancellationToken: cancellationToken);
        if (!row.HasValue)
        {
            return null;
        }

        var exchange = await _log.ReadAsync(row.Value!, cancellationToken);
        return (exchange.RunId.Length > 0 ? exchange.RunId : null, exchange.Messages);
    }

    private static Exchange Added(Conversation conversation, IReadOnlyList<ChatMessage> messages, DateTimeOffset now) => new(
        conversation.Exchanges, RunId: "", IsShown: true, [.. messages.Select(message =>
        {
            var copy = message.Clone();
            copy.CreatedAt = now;
            return copy;
        })]);

    private async Task WriteAsync(Conversation found, IEnumerable<TableTransactionAction> changes, CancellationToken cancellationToken)
    {
        try
        {
            var table = await _storage.GetWorkTableAsync(cancellationToken);
            await table.SubmitTransactionAsync(changes, cancellationToken);
        }
        catch (RequestFailedException failure) when (IsContended(failure))
        {
            // A run was started in it, or has ended.
            throw new ContendedException(failure);
        }
        finally
        {
            _memory.Forget(found.Owner.Partition, found.Id);
        }
    }

    private async Task<Conversation> RequireAsync(Scope scope, ConversationAction action, string conversationId, CancellationToken cancellationToken)
    {
        var found = Ids.IsValid(conversationId) ? await _store.FindAsync(scope.Owner.Partition, conversationId, cancellationToken) : null;
        AccessPolicy.Require(scope.Caller, action, found?.Owner, found?.AgentId, conversationId);
        return found!.IsDeleted ? throw AccessPolicy.NoConversation(conversationId) : found;
    }
}
