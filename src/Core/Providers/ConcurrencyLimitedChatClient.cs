using System.Runtime.CompilerServices;
using System.Threading.RateLimiting;
using Microsoft.Extensions.AI;
using Yggdrasil.Providers.State;

namespace Yggdrasil.Providers;

/// <summary>Lets only so many calls of a provider be in flight; the others wait their turn, first come first served.</summary>
/// <remarks>
/// A streamed call holds its place until the stream ends. How many wait is bounded, how long one waits is not, but for
/// the caller's token: the provider's timeout begins when the call does, so that a full house is not mistaken for a failing
/// provider. While the provider is left alone nobody queues up: those in front may hang until their timeout.
/// </remarks>
internal sealed class ConcurrencyLimitedChatClient(IChatClient inner, RateLimiter limiter, ProviderBreaker breaker, string provider)
    : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var place = await EnterAsync(cancellationToken);
        return await base.GetResponseAsync(messages, options, cancellationToken);
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var place = await EnterAsync(cancellationToken);
        await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            yield return update;
        }
    }

    private async ValueTask<RateLimitLease> EnterAsync(CancellationToken cancellationToken)
    {
        if (breaker.Refuses)
        {
            throw ProviderFailures.LeftAlone(provider);
        }

        var place = await limiter.AcquireAsync(permitCount: 1, cancellationToken);
        if (place.IsAcquired)
        {
            return place;
        }

        place.Dispose();
        throw ProviderFailures.QueueFull(provider);
    }
}
