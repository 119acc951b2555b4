using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;
using Yggdrasil.Runs.Conversations;

namespace Yggdrasil.Functions.Http.Conversations;

/// <summary>A conversation, as the contract shows it.</summary>
/// <param name="Agent">The agent of its last run; absent where there was none.</param>
/// <param name="Runs">Runs that have ended and are part of it.</param>
/// <param name="Messages">Messages of these runs, and those that were added besides.</param>
internal sealed record ConversationDocument(
    string Id,
    string? Agent,
    long Runs,
    long Messages,
    string? ActiveRunId,
    IReadOnlyList<string> QueuedRunIds,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    ConversationLinks Links)
{
    /// <param name="query">What the links need beside the id; empty for the caller's own.</param>
    public static ConversationDocument From(Conversation conversation, string query) => new(
        conversation.Id,
        conversation.AgentId.Length > 0 ? conversation.AgentId : null,
        conversation.Exchanges,
        conversation.Messages,
        conversation.ActiveRun,
        conversation.Queue,
        conversation.CreatedAt,
        conversation.UpdatedAt,
        new ConversationLinks($"/api/conversations/{conversation.Id}{query}", $"/api/conversations/{conversation.Id}/messages{query}"));
}

internal sealed record ConversationLinks(string Self, string Messages);

/// <summary>A message of a conversation.</summary>
/// <param name="RunId">The run that added it; absent where its owner did.</param>
/// <param name="Role">user, assistant or tool.</param>
/// <param name="Content">Its text; for a tool, what the call came to.</param>
/// <param name="CallId">For a tool: the call that this is the result of.</param>
internal sealed record MessageDocument(
    string Id,
    string? RunId,
    string Role,
    string Content,
    IReadOnlyList<ToolCallDocument>? ToolCalls,
    string? CallId,
    DateTimeOffset? CreatedAt)
{
    public static MessageDocument From(ConversationMessage item)
    {
        var message = item.Message;
        var result = message.Contents.OfType<FunctionResultContent>().FirstOrDefault();
        List<ToolCallDocument> calls = [.. message.Contents.OfType<FunctionCallContent>()
            .Select(call => new ToolCallDocument(Ids.OfWireToolCall(call.CallId), call.Name, call.Arguments))];
        return new(
            item.Id,
            item.RunId.Length > 0 ? item.RunId : null,
            message.Role.Value,
            result?.Result?.ToString() ?? message.Text,
            calls.Count > 0 ? calls : null,
            result is null ? null : Ids.OfWireToolCall(result.CallId),
            message.CreatedAt);
    }
}

/// <param name="CallId">As in the steps of the message's run.</param>
internal sealed record ToolCallDocument(string CallId, string Name, IDictionary<string, object?>? Arguments);
