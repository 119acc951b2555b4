using Microsoft.Extensions.AI;

namespace Yggdrasil.Runs.Conversations;

/// <summary>Where a prompt that has become too long may be cut, and what is then shown.</summary>
/// <remarks>
/// A cut is never made before a tool result, so a call and its results stay together on one side of it. Where it falls
/// within what a user's message led to, that message is shown all the same: providers want one first, and without it the rest
/// makes little sense.
/// </remarks>
internal static class ContextCut
{
    /// <summary>
    /// How much of the budget is filled after a cut. Cutting a little each time would change the beginning of every prompt, and
    /// so void the providers' own caches.
    /// </summary>
    public const double Refill = 0.6;

    /// <summary>The first message to be shown, so that what is shown takes at most <paramref name="budget"/> where that is possible.</summary>
    /// <param name="messages">All of them.</param>
    /// <param name="tokens">Of each message.</param>
    /// <param name="start">The first message that is shown so far.</param>
    /// <param name="budget">Tokens for messages alone.</param>
    public static int Choose(IReadOnlyList<ChatMessage> messages, IReadOnlyList<long> tokens, int start, long budget)
    {
        var (cut, rest) = (-1, 0L);
        for (var index = messages.Count - 1; index >= start; index--)
        {
            rest += tokens[index];
            if (messages[index].Role == ChatRole.Tool)
            {
                continue;
            }

            var asked = AskedBefore(messages, index);
            if (cut >= 0 && rest + (asked < 0 ? 0 : tokens[asked]) > budget)
            {
                break;
            }

            // The last place where a cut may be is taken even if what follows does not fit.
            cut = index;
        }

        return cut < 0 ? start : PreferUser(messages, start, cut);
    }

    /// <summary>What a model is shown when everything before <paramref name="start"/> is left out.</summary>
    /// <param name="summary">What stands for it; null when nothing does.</param>
    public static IReadOnlyList<ChatMessage> View(IReadOnlyList<ChatMessage> messages, int start, ChatMessage? summary)
    {
        if (start == 0 && summary is null)
        {
            return messages;
        }

        List<ChatMessage> view = summary is null ? [] : [summary];
        if (start > 0 && start < messages.Count && AskedBefore(messages, start) is >= 0 and var asked)
        {
            view.Add(messages[asked]);
        }

        view.AddRange(messages.Skip(start));
        return view;
    }

    /// <summary>The messages for a model that is offered no tools: providers refuse calls of tools they were not told of.</summary>
    public static IEnumerable<ChatMessage> WithoutTools(IEnumerable<ChatMessage> messages)
    {
        foreach (var message in messages.Where(message => message.Role != ChatRole.Tool))
        {
            if (!message.Contents.OfType<FunctionCallContent>().Any())
            {
                yield return message;
                continue;
            }

            var text = message.Clone();
            text.Contents = [.. message.Contents.Where(content => content is TextContent)];
            if (text.Contents.Count > 0)
            {
                yield return text;
            }
        }
    }

    /// <summary>Where a user speaks is a better place than the middle of an exchange, if it is not far away.</summary>
    private static int PreferUser(IReadOnlyList<ChatMessage> messages, int start, int cut)
    {
        var far = (messages.Count - start) / 4;
        for (var index = cut; index < messages.Count && index - cut <= far; index++)
        {
            if (messages[index].Role == ChatRole.User)
            {
                return index;
            }
        }

        return cut;
    }

    /// <summary>The user's message that led to the one at <paramref name="index"/>; -1 when that is one itself, or there is none.</summary>
    private static int AskedBefore(IReadOnlyList<ChatMessage> messages, int index)
    {
        if (messages[index].Role == ChatRole.User)
        {
            return -1;
        }

        while (--index >= 0 && messages[index].Role != ChatRole.User)
        {
        }

        return index;
    }
}
