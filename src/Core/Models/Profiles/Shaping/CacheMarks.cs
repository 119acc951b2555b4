using System.Text.Json;
using Anthropic.Models.Messages;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Marks up to where Anthropic keeps a prompt: tools, system, and the last two messages that stay; four are allowed.</summary>
/// <remarks>
/// The next turn's prompt begins with this one's whole, so the mark at its end is where the next one reads. The mark before
/// it, at the end of the last turn's prompt, is found even when one turn adds more blocks than Anthropic looks back.
/// A prompt that offers no tools and continues nothing is marked no further than its system message: nobody reads it again.
/// </remarks>
internal static class CacheMarks
{
    private const string ToolProperty = "CacheControl";

    public static void Set(List<ChatMessage> messages, ChatOptions options)
    {
        var mark = new CacheControlEphemeral();
        if (options.Tools is { Count: > 0 } tools && tools[^1] is AIFunctionDeclaration last)
        {
            options.Tools = [.. tools.SkipLast(1), new MarkedTool(last, mark)];
        }

        if (messages.FindIndex(message => message.Role == ChatRole.System) is >= 0 and var system)
        {
            messages[system] = Marked(messages[system], mark);
        }

        var turn = messages.FindLastIndex(message => message.Role == ChatRole.Assistant);
        if (turn < 0 && options.Tools is not { Count: > 0 })
        {
            return;
        }

        if (turn > 0 && messages[turn - 1].Role != ChatRole.System)
        {
            messages[turn - 1] = Marked(messages[turn - 1], mark);
        }

        if (messages.Count > 0 && messages.Count - 1 > turn && messages[^1].Role != ChatRole.System)
        {
            messages[^1] = Marked(messages[^1], mark);
        }
    }

    /// <summary>A copy with a mark on its last block; stored contents are shared, so they are never changed.</summary>
    private static ChatMessage Marked(ChatMessage message, CacheControlEphemeral mark)
    {
        if (message.Contents is not [.., var last])
        {
            return message;
        }

        AIContent? copy = last switch
        {
            TextContent text => new TextContent(text.Text),
            FunctionResultContent result => new FunctionResultContent(result.CallId, result.Result),
            FunctionCallContent call => new FunctionCallContent(call.CallId, call.Name, call.Arguments),
            _ => null,
        };
        return copy is null ? message : new ChatMessage(message.Role, [.. message.Contents.SkipLast(1), copy.WithCacheControl(mark)]);
    }

    private sealed class MarkedTool(AIFunctionDeclaration tool, CacheControlEphemeral mark) : AIFunctionDeclaration
    {
        public override string Name => tool.Name;

        public override string Description => tool.Description;

        public override JsonElement JsonSchema => tool.JsonSchema;

        public override JsonElement? ReturnJsonSchema => tool.ReturnJsonSchema;

        public override IReadOnlyDictionary<string, object?> AdditionalProperties { get; } =
            new Dictionary<string, object?>(tool.AdditionalProperties) { [ToolProperty] = mark };
    }
}
