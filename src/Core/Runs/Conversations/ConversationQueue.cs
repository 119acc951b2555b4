using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Model;

namespace Yggdrasil.Runs.Conversations;

/// <summary>The queue of a conversation: which run is active, which ones wait, and what was said before.</summary>
internal sealed class ConversationQueue(ConversationStore store, ConversationMemory memory, ConversationLog log, HistoryCache histories)
{
    /// <summary>Runs that may wait for one conversation.</summary>
    public const int MaxQueue = 50;

    /// <summary>How late the next run of a conversation begins when nobody told it that it is next.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromMinutes(1);

    /// <summary>Whether the caller may have what was said in a conversation told to a model.</summary>
    /// <exception cref="ForbiddenException">The caller's API key is not for the conversation's agent.</exception>
    public async Task RequireAsync(Caller caller, string? conversationId, CancellationToken cancellationToken)
    {
        // Everybody else has every conversation of their own.
        if (caller.Key?.Scope?.Agents is not null && conversationId is not null
            && await store.FindAsync(caller.Owner.Partition, conversationId, cancellationToken) is { } conversation
            && !AccessPolicy.IsInScope(caller, conversation.AgentId))
        {
            throw new ForbiddenException($"This API key is not for the agent of the conversation \"{conversationId}\"; use another id.");
        }
    }

    /// <summary>Whether a run that is about to be started will have to wait, as far as can be told before its start is committed.</summary>
    /// <param name="asRemembered">Whether what is remembered will do: the start's transaction finds out what is true.</param>
    /// <exception cref="ConflictException">It would be refused.</exception>
    public async Task<bool> WillWaitAsync(Run run, bool asRemembered, CancellationToken cancellationToken)
    {
        var partition = run.Caller.Owner.Partition;
        if (run.ConversationId is not { } id
            || await (asRemembered ? memory.FindAsync(partition, id, cancellationToken) : memory.FindFreeAsync(partition, id, cancellationToken))
                is not { } conversation
            || IsOf(conversation, run))
        {
            return false;
        }

        try
        {
            RequireRoom(conversation, run);
        }
        catch (ConflictException) when (asRemembered)
        {
            return await WillWaitAsync(run, asRemembered: false, cancellationToken);
        }

        return conversation.ActiveRun is not null;
    }

    /// <summary>The run as it is when it is the active run, or when it can end without being active.</summary>
    /// <returns>The run; and until when to wait, at most, where it is not the active run yet.</returns>
    public async Task<(Run Run, DateTimeOffset? Until)> TakeAsync(Run run, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!run.IsEnqueued || run.CancelRequested || now >= run.Deadline)
        {
            return (run, null);
        }

        var conversation = await store.FindAsync(run.Caller.Owner.Partition, run.ConversationId!, cancellationToken);
        if (conversation?.ActiveRun == run.Id)
        {
            return (run with { IsEnqueued = false, History = conversation.History }, null);
        }

        var isNext = conversation is { Queue: [var first, ..] } && first == run.Id;
        return (run, isNext && now + Recheck < run.Deadline ? now + Recheck : run.Deadline);
    }

    /// <summary>The active run of a run's conversation, other than itself, as far as is remembered, or else as stored.</summary>
    public async Task<string?> FindKnownActiveAsync(Run run, CancellationToken cancellationToken) =>
        (await memory.FindAsync(run.Caller.Owner.Partition, run.ConversationId!, cancellationToken))?.ActiveRun is { } active && active != run.Id
            ? active
            : null;

    /// <summary>The active run of a run's conversation.</summary>
    public async Task<string?> FindActiveAsync(Run run, CancellationToken cancellationToken) =>
        (await store.FindAsync(run.Caller.Owner.Partition, run.ConversationId!, cancellationToken))?.ActiveRun;

    /// <summary>What the model is shown before a run's own messages.</summary>
    public async Task<ConversationHistory> LoadHistoryAsync(
        string partition, string conversationId, HistoryRange range, CancellationToken cancellationToken) =>
        histories.Find(partition, conversationId, range) ?? await log.LoadAsync(partition, conversationId, range, cancellationToken);

    /// <summary>Whether the run is in the conversation already: a repeat of its start is no conflict with itself.</summary>
    internal static bool IsOf(Conversation conversation, Run run) =>
        conversation.ActiveRun == run.Id || conversation.Queue.Contains(run.Id);

    /// <exception cref="ConflictException">The conversation takes no such run now.</exception>
    internal static void RequireRoom(Conversation conversation, Run run)
    {
        if (conversation.IsDeleted)
        {
            throw new ConflictException($"The conversation \"{conversation.Id}\" is being deleted.");
        }

        if (conversation.ActiveRun is { } active && run.OnConflict == OnConflict.Reject)
        {
            throw new ConflictException(
                $"The conversation \"{conversation.Id}\" has an active run, {active}. Wait for its end, or send onConflict: enqueue or interrupt.");
        }

        if (conversation.Queue.Count >= MaxQueue)
        {
            throw new ConflictException($"{MaxQueue} runs wait for the conversation \"{conversation.Id}\", which is as many as may.");
        }
    }
}
