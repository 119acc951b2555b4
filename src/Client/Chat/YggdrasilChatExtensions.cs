using Microsoft.Extensions.AI;

namespace Yggdrasil.Client;

/// <summary>Agents as chat clients of Microsoft.Extensions.AI.</summary>
public static class YggdrasilChatExtensions
{
    /// <summary>An agent as a chat client: each request is a durable run, which is started once and followed through lost connections.</summary>
    /// <remarks>
    /// <list type="bullet">
    /// <item>The agent's own tools are called on the server. Functions of <see cref="ChatOptions.Tools"/> are tools that the caller makes: wrap the client by
    /// <c>AsBuilder().UseFunctionInvocation()</c>. A call that needs approval waits until somebody decides.</item>
    /// <item>With a <see cref="ChatOptions.ConversationId"/> the server has the earlier messages, and the request has new ones of the user only.</item>
    /// <item>Streaming, a turn whose provider broke off begins again as another message, of which the first update has <see cref="VoidsMessage"/>: the id of the
    /// message that is void.</item>
    /// <item>A run that does not complete is a <see cref="RunNotCompletedException"/>. A token that is cancelled cancels the run.</item>
    /// <item><see cref="ChatOptions.RawRepresentationFactory"/> may return a <see cref="StartRun"/> to begin with: metadata, deadline, callback.</item>
    /// </list>
    /// </remarks>
    /// <param name="client">Reaches the server. It is not disposed of with the chat client.</param>
    /// <param name="agent">The agent's id.</param>
    public static IChatClient AsIChatClient(this YggdrasilClient client, string agent)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(agent);
        return new AgentChatClient(client.Runs, agent);
    }

    /// <summary>The key in <see cref="ChatResponseUpdate.AdditionalProperties"/> under which an update names the message that it takes the place of.</summary>
    public const string VoidsMessage = "yggdrasil.voids_message";
}
