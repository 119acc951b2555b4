using System.Runtime.CompilerServices;
using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Providers;

/// <summary>Lets only so many calls of a provider be in flight; the others wait their turn, first come first served.</summary>
/// <remarks>
/// A streamed call holds its place until the stream ends. The wait is bounded by the caller's token alone: the provider's
/// timeout begins when the call does, so that a full house is not mistaken for a failing provider.
/// </remarks>
internal sealed class ConcurrencyLimitedChatClient(IChatClient inner, RateLimiter limiter) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var place = await limiter.AcquireAsync(permitCount: 1, cancellationToken);
        return await base.GetResponseAsync(messages, options, cancellationToken);
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var place = await limiter.AcquireAsync(permitCount: 1, cancellationToken);
        await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            yield return update;
        }
    }
}
