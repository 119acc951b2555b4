using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Clients;

/// <summary>What of an answer is part of what the model says.</summary>
internal static class AnswerContent
{
    /// <summary>Whether there is anything but empty text, and counts of tokens, which come before the first and after the last.</summary>
    public static bool SaysSomething(IList<AIContent> contents)
    {
        foreach (var content in contents)
        {
            if (content is not (TextContent { Text.Length: 0 } or UsageContent))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the model has begun to speak with this update, or has ended without.</summary>
    public static bool IsToken(ChatResponseUpdate update) => update.FinishReason is not null || SaysSomething(update.Contents);
}
