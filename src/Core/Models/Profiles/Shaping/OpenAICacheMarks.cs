using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using ChatMessage = Microsoft.Extensions.AI.ChatMessage;

// SCME0001: fields that OpenAI's own API does not have can only be written as patches of the package's types.
#pragma warning disable SCME0001

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Marks as <see cref="CacheMarks"/> sets them, for gateways that pass them on in OpenAI's format: OpenRouter and LiteLLM do for Claude.</summary>
/// <remarks>
/// A mark stands on a part of a content, so a marked message has a list of one part in place of its text. Tools come before the system
/// message in what the model keeps, and need no mark of their own.
/// </remarks>
internal static class OpenAICacheMarks
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="messages">The prompt; marked messages are replaced, never changed.</param>
    public static void Set(List<ChatMessage> messages)
    {
        if (messages.FindLastIndex(message => message.Role == ChatRole.System) is >= 0 and var system)
        {
            Mark(messages, system);
        }

        var turn = messages.FindLastIndex(message => message.Role == ChatRole.Assistant);
        if (turn > 0)
        {
            Mark(messages, turn - 1);
        }

        if (messages.Count - 1 > turn)
        {
            Mark(messages, messages.Count - 1);
        }
    }

    private static void Mark(List<ChatMessage> messages, int index)
    {
        if (messages[index] is not { RawRepresentation: null, Contents.Count: > 0 } message)
        {
            return;
        }

        switch (message.Contents[^1])
        {
            case TextContent when message.Role == ChatRole.System && message.Text.Length > 0:
                messages[index] = Marked(message, new SystemChatMessage(message.Text), message.Text);
                break;
            case TextContent when message.Role == ChatRole.User && message.Text.Length > 0 && message.Contents.All(content => content is TextContent):
                messages[index] = Marked(message, new UserChatMessage(message.Text), message.Text);
                break;
            case FunctionResultContent { Result: string { Length: > 0 } text } result:
                if (message.Contents.Count > 1)
                {
                    // The package makes a message of each result; only the last of them is marked.
                    messages[index] = new ChatMessage(ChatRole.Tool, [.. message.Contents.SkipLast(1)]);
                    messages.Insert(++index, message);
                }

                messages[index] = Marked(new ChatMessage(ChatRole.Tool, [result]), new ToolChatMessage(result.CallId, text), text);
                break;
        }
    }

    private static ChatMessage Marked(ChatMessage message, OpenAI.Chat.ChatMessage wire, string text)
    {
        wire.Patch.Set("$.content"u8, JsonSerializer.SerializeToUtf8Bytes(new[] { new { type = "text", text, cache_control = new { type = "ephemeral" } } }, Json));
        return new ChatMessage(message.Role, message.Contents) { RawRepresentation = wire };
    }
}
