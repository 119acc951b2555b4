using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Tokens;

/// <summary>The estimated tokens of messages: each is estimated once, however often it is shown, for as long as it lives.</summary>
internal static class MessageSizes
{
    private static readonly ConditionalWeakTable<ChatMessage, Size> Known = [];

    public static long Tokens(ModelId model, ChatMessage message)
    {
        // Another agent of the same conversation may count by another encoding.
        var encoding = TokenEncoding.Of(model);
        if (!Known.TryGetValue(message, out var size) || size.Encoding != encoding)
        {
            size = new Size(TokenEstimator.Estimate(model, [message], [], instructions: null), encoding);
            Known.AddOrUpdate(message, size);
        }

        return size.Tokens;
    }

    private sealed record Size(long Tokens, TokenEncoding Encoding);
}
