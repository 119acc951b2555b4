using Microsoft.Extensions.AI;

namespace Yggdrasil.Runs.Conversations;

/// <summary>A message of a conversation, for readers.</summary>
/// <param name="Id">The run and the message's place within what the run added: the same while the run goes on and after it.</param>
/// <param name="RunId">The run that added it; empty for what the conversation's owner added.</param>
public sealed record ConversationMessage(string Id, string RunId, ChatMessage Message)
{
    internal static IEnumerable<ConversationMessage> Of(Exchange exchange) => exchange.RunId.Length > 0
        ? Of(exchange.RunId, exchange.Messages)
        : exchange.Messages.Select((message, index) => new ConversationMessage(FormattableString.Invariant($"added_{exchange.Sequence}.{index}"), "", message));

    internal static IEnumerable<ConversationMessage> Of(string runId, IEnumerable<ChatMessage> messages) =>
        messages.Select((message, index) => new ConversationMessage(FormattableString.Invariant($"{runId}.{index}"), runId, message));
}
