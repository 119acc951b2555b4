using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Metering;

/// <summary>Notes each attempt at one model, and what came of it, in the <see cref="CallLedger"/> of whoever asks.</summary>
/// <remarks>
/// Beneath retries and fallbacks, so that none of them hides what was paid. What a tool call's arguments may not hold is taken out
/// here, before anything that would fail over it is done with a paid answer.
/// </remarks>
internal sealed class MeteringChatClient(IChatClient inner, ModelId model) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var sent = messages.Repeatable();
        var call = CallLedger.Current?.Add(model, sent, options);
        var response = await base.GetResponseAsync(sent, options, cancellationToken);
        foreach (var message in response.Messages)
        {
            UnreadableArguments.TakeOut(message.Contents);
        }

        call?.Answered(response);
        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var sent = messages.Repeatable();
        var call = CallLedger.Current?.Add(model, sent, options);
        await foreach (var update in base.GetStreamingResponseAsync(sent, options, cancellationToken))
        {
            StreamedRefusal.Restore(update);
            UnreadableArguments.TakeOut(update.Contents);
            call?.Came(update);
            yield return update;
        }

        call?.Ended();
    }
}
