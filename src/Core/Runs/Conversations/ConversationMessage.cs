using Microsoft.Extensions.AI;

namespace Yggdrasil.Runs.Conversations;

/// <summary>A message of a conversation, for readers.</summary>
/// <param name="Id">The run and the message's place within what the run added: the same while the run goes on and after it.</param>
public sealed record ConversationMessage(string Id, string RunId, ChatMessage Message)
{
    internal static IEnumerable<ConversationMessage> Of(string runId, IEnumerable<ChatMessage> messages) =>
        messages.Select((message, index) => new ConversationMessage(FormattableString.Invariant($"{runId}.{index}"), runId, message));
}
