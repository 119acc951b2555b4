using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Clients;

namespace Yggdrasil.Models.Failures;

/// <summary>Turns whatever the vendor's package throws into a <see cref="ProviderException"/>.</summary>
/// <remarks>
/// Once the token is cancelled every failure becomes an <see cref="OperationCanceledException"/>: some packages report
/// the cancelled request as a broken connection, which would then be retried on the caller's behalf.
/// </remarks>
internal sealed class ClassifyingChatClient(IChatClient inner, string provider) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        try
        {
            var response = await base.GetResponseAsync(messages, options, cancellationToken);
            return response.FinishReason is not null || response.Messages.Any(message => AnswerContent.SaysSomething(message.Contents))
                ? response
                : throw ProviderFailures.EmptyAnswer(provider);
        }
        catch (Exception exception)
        {
            throw Classified(exception, cancellationToken);
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        bool answered = false, ended = false;
        await using var updates =
            base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await MoveNextAsync(updates, cancellationToken))
        {
            var update = updates.Current;
            ended |= update.FinishReason is not null;
            answered |= AnswerContent.IsToken(update);
            yield return update;
        }

        // An error sent as an event of a stream that began with 200 is no exception to every package; without this it
        // would be an empty answer, counted as success.
        if (!answered)
        {
            throw ProviderFailures.EmptyAnswer(provider);
        }

        // Proxies end a stream whose server died as if it were complete.
        if (!ended)
        {
            throw ProviderFailures.CutOff(provider);
        }
    }

    private async Task<bool> MoveNextAsync(
        IAsyncEnumerator<ChatResponseUpdate> updates, CancellationToken cancellationToken)
    {
        try
        {
            return await updates.MoveNextAsync();
        }
        catch (Exception exception)
        {
            throw Classified(exception, cancellationToken);
        }
    }

    private Exception Classified(Exception exception, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? new OperationCanceledException("The model call was cancelled.", exception, cancellationToken)
            : ProviderFailures.FromException(provider, exception);
}
