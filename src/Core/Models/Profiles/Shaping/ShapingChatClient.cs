using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Right above a vendor's package: makes its requests fit the provider's profile, and keeps what must come back.</summary>
/// <remarks>
/// It makes the packages' own request types where their adapters make what a provider refuses. So nothing is written and
/// read again on the way, and a prompt is copied no more often than without it.
/// </remarks>
internal sealed class ShapingChatClient(IChatClient inner, RequestShape shape) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var request = shape.Shape(messages, options);
        var response = await base.GetResponseAsync(request.Messages, request.Options, cancellationToken);
        shape.Reader().Read(response);
        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = shape.Shape(messages, options);
        var reader = shape.Reader();
        await foreach (var update in base.GetStreamingResponseAsync(request.Messages, request.Options, cancellationToken))
        {
            reader.Read(update);
            yield return update;
        }
    }
}
