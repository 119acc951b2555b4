using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace Yggdrasil.Models.Failures;

/// <summary>Keeps what a model of OpenAI's says in place of an answer: Microsoft.Extensions.AI leaves it out of streams.</summary>
internal static class StreamedRefusal
{
    /// <summary>Puts it into the update in the form that it has in a whole answer.</summary>
    public static void Restore(ChatResponseUpdate update)
    {
        if (update.RawRepresentation is StreamingChatCompletionUpdate { RefusalUpdate: { Length: > 0 } refusal }
            && !update.Contents.Any(content => content is ErrorContent))
        {
            update.Contents.Add(new ErrorContent(refusal) { ErrorCode = nameof(ChatCompletion.Refusal) });
        }
    }
}
