using Yggdrasil.Client.Sending;

namespace Yggdrasil.Client;

/// <summary>Conversations and their messages. A run with a <see cref="StartRun.ConversationId"/> begins or continues one.</summary>
public sealed class ConversationsClient
{
    private readonly Transport _transport;

    internal ConversationsClient(Transport transport) => _transport = transport;

    /// <summary>Conversations, last active first.</summary>
    public IAsyncEnumerable<Conversation> ListAsync() => Pages.ReadAsync(_transport, "api/conversations", ClientJson.Default.PageConversation);

    /// <summary>A conversation.</summary>
    public Task<Conversation> GetAsync(string conversationId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(ApiRequest.Get(Path(conversationId)), ClientJson.Default.Conversation, cancellationToken);

    /// <summary>Its messages, oldest first.</summary>
    public IAsyncEnumerable<Message> ListMessagesAsync(string conversationId) =>
        Pages.ReadAsync(_transport, $"{Path(conversationId)}/messages", ClientJson.Default.PageMessage);

    /// <summary>Deletes a conversation with its runs and all their content. 409 while a run of it is active.</summary>
    public Task DeleteAsync(string conversationId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(new ApiRequest(HttpMethod.Delete, Path(conversationId)), cancellationToken);

    private static string Path(string conversationId) => $"api/conversations/{ApiRequest.Segment(conversationId, nameof(conversationId))}";
}
