using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Tracing;

/// <summary>Messages as the conventions write them into spans. This is content: only for those who asked for it.</summary>
internal static class MessageContent
{
    private static readonly JsonSerializerOptions Options = new(AIJsonUtilities.DefaultOptions)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Write(IEnumerable<ChatMessage> messages) =>
        new JsonArray([.. messages.Select(message => (JsonNode)new JsonObject
        {
            ["role"] = message.Role.Value,
            ["parts"] = new JsonArray([.. message.Contents.Select(Part).OfType<JsonNode>()]),
        })]).ToJsonString(Options);

    private static JsonObject? Part(AIContent content) => content switch
    {
        TextContent text => new JsonObject { ["type"] = "text", ["content"] = text.Text },
        TextReasoningContent reasoning => new JsonObject { ["type"] = "reasoning", ["content"] = reasoning.Text },
        FunctionCallContent call => new JsonObject
        {
            ["type"] = "tool_call",
            ["id"] = call.CallId,
            ["name"] = call.Name,
            ["arguments"] = JsonSerializer.SerializeToNode(call.Arguments, Options),
        },
        FunctionResultContent result => new JsonObject
        {
            ["type"] = "tool_call_response",
            ["id"] = result.CallId,
            ["response"] = JsonSerializer.SerializeToNode(result.Result, Options),
        },
        _ => null,
    };
}
