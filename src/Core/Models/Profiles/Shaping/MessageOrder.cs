using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Mends the orders of messages that a provider, or the template of a model, refuses.</summary>
internal static class MessageOrder
{
    /// <summary>Stands where a run ended after a tool's result, at its last turn for example, and the conversation went on.</summary>
    private const string NoAnswer = "(No answer was given.)";

    /// <summary>Stands before what an assistant said first.</summary>
    private const string LeftOut = "(The beginning of the conversation is left out.)";

    /// <summary>The messages in an order that is not refused: the same list where nothing has to be done.</summary>
    public static List<ChatMessage> Mend(List<ChatMessage> messages, RefusedOrders refused)
    {
        if (refused == RefusedOrders.None || !IsBroken(messages, refused))
        {
            return messages;
        }

        List<ChatMessage> corrected = [];
        foreach (var message in messages)
        {
            var last = corrected.Count > 0 ? corrected[^1] : null;
            if (IsUserAfterTool(last, message, refused))
            {
                corrected.Add(new ChatMessage(ChatRole.Assistant, NoAnswer));
            }
            else if (IsAssistantFirst(last, message, refused))
            {
                corrected.Add(new ChatMessage(ChatRole.User, LeftOut));
            }

            if (IsSecondUser(last, message, refused))
            {
                corrected[^1] = Merge(corrected[^1], message);
            }
            else
            {
                corrected.Add(message);
            }
        }

        return corrected;
    }

    private static bool IsBroken(List<ChatMessage> messages, RefusedOrders refused)
    {
        for (var index = 0; index < messages.Count; index++)
        {
            var last = index == 0 ? null : messages[index - 1];
            if (IsUserAfterTool(last, messages[index], refused)
                || IsAssistantFirst(last, messages[index], refused)
                || IsSecondUser(last, messages[index], refused))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsUserAfterTool(ChatMessage? last, ChatMessage message, RefusedOrders refused) =>
        refused.HasFlag(RefusedOrders.UserAfterTool) && last?.Role == ChatRole.Tool && message.Role == ChatRole.User;

    private static bool IsAssistantFirst(ChatMessage? last, ChatMessage message, RefusedOrders refused) =>
        refused.HasFlag(RefusedOrders.AssistantFirst)
        && message.Role == ChatRole.Assistant
        && (last is null || last.Role == ChatRole.System);

    private static bool IsSecondUser(ChatMessage? last, ChatMessage message, RefusedOrders refused) =>
        refused.HasFlag(RefusedOrders.ConsecutiveUsers) && last?.Role == ChatRole.User && message.Role == ChatRole.User;

    private static ChatMessage Merge(ChatMessage one, ChatMessage other) => one.Contents.Concat(other.Contents).All(content => content is TextContent)
        ? new ChatMessage(ChatRole.User, $"{one.Text}\n\n{other.Text}")
        : new ChatMessage(ChatRole.User, [.. one.Contents, .. other.Contents]);
}
