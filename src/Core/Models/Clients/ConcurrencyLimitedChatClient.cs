using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Limits.Fairness;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.State;

namespace Yggdrasil.Models.Clients;

/// <summary>Lets only so many calls of a provider be in flight; the others wait, fairly by owner.</summary>
/// <remarks>
/// A streamed call holds its slot until the stream ends. How many wait is bounded. How long one waits is not, but for the
/// caller's token: the provider's timeout begins when the call does, so that a full house is not mistaken for a failing
/// provider. A caller that holds an activity of the host waits for a moment only (<see cref="ModelCaller.Patience"/>) and is
/// called when there is a slot. While the provider is left alone nobody queues up: those in front may hang until their timeout.
/// </remarks>
internal sealed class ConcurrencyLimitedChatClient(
    IChatClient inner, FairQueue queue, ProviderBreaker breaker, string provider, bool mayWait) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        await using var slot = await EnterAsync(cancellationToken);
        return await base.GetResponseAsync(messages, options, cancellationToken);
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var slot = await EnterAsync(cancellationToken);
        await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            yield return update;
        }
    }

    private async ValueTask<IAsyncDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        if (breaker.Refuses)
        {
            throw ProviderFailures.LeftAlone(provider);
        }

        var caller = ModelCaller.Current;
        var work = caller is { IsActivity: true } ? new ActivityWork(caller.Key, caller.Call, caller.Patience) : null;
        var admission = await queue.EnterAsync(caller?.Owner ?? "", work, cancellationToken);
        return admission.Slot
            ?? throw (admission.IsFull || !mayWait ? ProviderFailures.QueueFull(provider) : new ProviderBusyException(provider, admission.Recheck));
    }
}
