using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Providers;

/// <summary>Asks one model after the other until one answers.</summary>
/// <remarks>
/// Goes on after failures that another provider may not share; <see cref="FailureClass.Stop"/> and cancellation end the
/// chain at once, so that a bad request is paid for once. A stream falls back only before its first update: after it the
/// caller has seen part of an answer that another model would not continue.
/// </remarks>
/// <param name="candidates">The model first, then its fallbacks; at least one. Shared, so never disposed of here.</param>
internal sealed class FallbackChatClient(IReadOnlyList<IChatClient> candidates) : IChatClient
{
    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var conversation = Repeatable(messages);
        List<ProviderException> failures = [];
        foreach (var candidate in candidates)
        {
            try
            {
                return await candidate.GetResponseAsync(conversation, options, cancellationToken);
            }
            catch (ProviderException failure) when (failure.Failure != FailureClass.Stop)
            {
                failures.Add(failure);
            }
        }

        throw NobodyAnswered(failures);
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var conversation = Repeatable(messages);
        await using var updates = await OpenAsync(conversation, options, cancellationToken);
        do
        {
            yield return updates.Current;
        }
        while (await updates.MoveNextAsync());
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is null && serviceType.IsInstanceOfType(this) ? this : candidates[0].GetService(serviceType, serviceKey);

    public void Dispose()
    {
        // The candidates serve everybody else too: they end with their provider.
    }

    /// <summary>The first stream whose first update arrived; that update is current.</summary>
    private async Task<IAsyncEnumerator<ChatResponseUpdate>> OpenAsync(
        IReadOnlyCollection<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        List<ProviderException> failures = [];
        foreach (var candidate in candidates)
        {
            IAsyncEnumerator<ChatResponseUpdate>? updates = null;
            var opened = false;
            try
            {
                updates = candidate.GetStreamingResponseAsync(messages, options, cancellationToken)
                    .GetAsyncEnumerator(cancellationToken);
                // An empty stream never gets here: ClassifyingChatClient makes it a failure.
                opened = await updates.MoveNextAsync();
                if (opened)
                {
                    return updates;
                }
            }
            catch (ProviderException failure) when (failure.Failure != FailureClass.Stop)
            {
                failures.Add(failure);
            }
            finally
            {
                if (!opened && updates is not null)
                {
                    await updates.DisposeAsync();
                }
            }
        }

        throw NobodyAnswered(failures);
    }

    /// <summary>Caller's sequences may be lazy or single-pass, and every attempt needs the whole conversation.</summary>
    private static IReadOnlyCollection<ChatMessage> Repeatable(IEnumerable<ChatMessage> messages) =>
        messages as IReadOnlyCollection<ChatMessage> ?? [.. messages];

    /// <summary>The model's own failure decides the code; the message tells of every attempt.</summary>
    private static ProviderException NobodyAnswered(List<ProviderException> failures) => failures switch
    {
        [var only] => new ProviderException(only.Code, FailureClass.NextProvider, only.Message, only.RetryAfter, only),
        [var first, ..] => new ProviderException(
            first.Code,
            FailureClass.NextProvider,
            string.Join(" ", failures.Select(failure => failure.Message)),
            failures.Min(failure => failure.RetryAfter),
            new AggregateException(failures)),
        [] => throw new InvalidOperationException("No candidate failed, and none answered."),
    };
}
