using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Clients;

/// <summary>Asks for exactly one model, and names it as <c>provider:model</c> in every answer, as configured.</summary>
/// <remarks>What the provider itself calls the model that answered is kept beside that: see <see cref="SaidBy(ChatResponse)"/>.</remarks>
internal sealed class NamedModelChatClient(IChatClient inner, ModelId model) : DelegatingChatClient(inner)
{
    /// <summary>The additional property with what the provider calls the model.</summary>
    private const string ResponseModel = "yggdrasil.response_model";

    /// <summary>Characters of it that are kept: it goes into rows and spans.</summary>
    private const int MaxNameLength = 128;

    private readonly string _servedBy = model.ToString();

    /// <summary>What the provider calls the model that answered; null where it does not say.</summary>
    /// <param name="properties">Of an update of a response.</param>
    public static string? SaidBy(AdditionalPropertiesDictionary? properties) =>
        properties?.GetValueOrDefault(ResponseModel)?.ToString() is { Length: > 0 } name ? name : null;

    /// <summary>What the provider calls the model that answered; null where it does not say.</summary>
    /// <remarks>A response that is made of updates has their properties on its messages.</remarks>
    public static string? SaidBy(ChatResponse response) =>
        SaidBy(response.AdditionalProperties) ?? response.Messages.Select(message => SaidBy(message.AdditionalProperties)).FirstOrDefault(name => name is not null);

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var response = await base.GetResponseAsync(messages, ForThisModel(options), cancellationToken);
        response.AdditionalProperties = Said(response.ModelId, response.AdditionalProperties);
        response.ModelId = _servedBy;
        return response;
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages,
        ChatOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? said = null;
        await foreach (var update in base.GetStreamingResponseAsync(messages, ForThisModel(options), cancellationToken))
        {
            if (said != update.ModelId)
            {
                said = update.ModelId;
                update.AdditionalProperties = Said(said, update.AdditionalProperties);
            }

            update.ModelId = _servedBy;
            yield return update;
        }
    }

    private static AdditionalPropertiesDictionary? Said(string? name, AdditionalPropertiesDictionary? properties)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            return properties;
        }

        var bounded = name.AsSpan(0, Math.Min(name.Length, MaxNameLength));
        return new(properties ?? []) { [ResponseModel] = new string([.. bounded.ToArray().Where(character => !char.IsControl(character) && !char.IsSurrogate(character))]) };
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
