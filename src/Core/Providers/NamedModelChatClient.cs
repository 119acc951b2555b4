using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Providers;

/// <summary>Asks for exactly one model, and names it as <c>provider:model</c> in every answer.</summary>
internal sealed class NamedModelChatClient(IChatClient inner, ModelId model) : DelegatingChatClient(inner)
{
    private readonly string _servedBy = model.ToString();

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var response = await base.GetResponseAsync(messages, ForThisModel(options), cancellationToken);
        response.ModelId = _servedBy;
        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var update in base.GetStreamingResponseAsync(messages, ForThisModel(options), cancellationToken))
        {
            update.ModelId = _servedBy;
            yield return update;
        }
    }

    /// <summary>A model named in the options would win over this client's, and send one vendor's name to another.</summary>
    private static ChatOptions? ForThisModel(ChatOptions? options)
    {
        if (options?.ModelId is null)
        {
            return options;
        }

        var own = options.Clone();
        own.ModelId = null;
        return own;
    }
}
