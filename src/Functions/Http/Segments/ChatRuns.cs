using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Runs.Conversations;
using Yggdrasil.Runs.Requests;

namespace Yggdrasil.Functions.Http.Segments;

/// <summary>What a page has of a chat.</summary>
/// <param name="Id">The chat, which is a conversation of the caller's.</param>
/// <param name="Items">What its messages say.</param>
/// <param name="IsWhole">They are the whole chat, and not only what is new of it.</param>
/// <param name="LastRun">The run that gave the last answer of the chat; null where that is none of ours.</param>
internal sealed record ChatState(string Id, IReadOnlyList<InputItem> Items, bool IsWhole, string? LastRun)
{
    /// <summary>What is new in the chat: all after its last answer.</summary>
    public IReadOnlyList<InputItem> New =>
        [.. Items.Reverse().TakeWhile(item => item is { Kind: InputKind.Message } && item.Role == ChatRole.User).Reverse()];
}

/// <summary>Runs that answer the chats of pages, which send what they show. Each chat is a conversation.</summary>
internal sealed class ChatRuns(RunService runs, RunControl control, ConversationService conversations)
{
    /// <summary>How long an answer that is given up is waited for.</summary>
    private static readonly TimeSpan CancelPatience = TimeSpan.FromSeconds(5);

    /// <summary>The run with its input: what is new in the conversation, or the whole chat where the page shows another one.</summary>
    /// <param name="start">The run without its input.</param>
    /// <exception cref="InvalidRequestException">Nothing is new in the chat, or its messages do not fit together.</exception>
    public async Task<StartRun> CompleteAsync(Scope scope, ChatState chat, StartRun start, Idempotency? key, string field, CancellationToken aborted)
    {
        var conversation = await FindAsync(scope, chat.Id, aborted);
        if (conversation?.ActiveRun is { } active && (key is null || active != Ids.RunFor(scope.Owner.Partition, key.Key)))
        {
            // Whoever writes on does not wait for the answer any more.
            var (given, _) = await control.CancelAsync(scope, active, aborted);
            await runs.WaitAsync(given, CancelPatience, aborted);
            conversation = await FindAsync(scope, chat.Id, aborted);
        }

        var continues = conversation is not null && (!chat.IsWhole || await IsLastAsync(scope, conversation, chat.LastRun, aborted));
        if (continues && chat.New.Count == 0)
        {
            throw new InvalidRequestException(field, "Must end with a user message, or with answers to all that the last answer asks for.");
        }

        var input = await new InputHistory(runs, scope, aborted).RebuildAsync(continues ? chat.New : chat.Items, field);
        return start with { Input = input, ConversationId = chat.Id, BeginsAnew = conversation is not null && !continues };
    }

    /// <summary>The conversation of a chat; null where it has not begun.</summary>
    public async Task<Conversation?> FindAsync(Scope scope, string id, CancellationToken aborted)
    {
        try
        {
            return await conversations.GetAsync(scope, id, aborted);
        }
        catch (NotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether the answer that the page shows last is the last one of the conversation.</summary>
    private async Task<bool> IsLastAsync(Scope scope, Conversation conversation, string? runId, CancellationToken aborted)
    {
        try
        {
            // Each run adds one exchange to the conversation, after those that it was shown.
            return runId is not null && await runs.GetAsync(scope, runId, aborted) is { History: { } shown } run
                && run.ConversationId == conversation.Id && shown.To + 1 == conversation.Exchanges;
        }
        catch (NotFoundException)
        {
            return false;
        }
    }
}
