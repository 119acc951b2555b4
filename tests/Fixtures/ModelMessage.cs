using System.Text.Json;

namespace Yggdrasil.Fixtures;

/// <summary>A message of a chat completion request; the text of several content parts is joined.</summary>
public sealed record ModelMessage(string Role, string Content, IReadOnlyList<ScriptedToolCall> ToolCalls, string? ToolCallId)
{
    internal static ModelMessage Parse(JsonElement message) => new(
        message.GetProperty("role").GetString()!,
        message.TryGetProperty("content", out var content) ? Text(content) : "",
        message.TryGetProperty("tool_calls", out var calls) ? [.. calls.EnumerateArray().Select(Call)] : [],
        message.TryGetProperty("tool_call_id", out var id) ? id.GetString() : null);

    private static string Text(JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString()!,
        JsonValueKind.Array => string.Concat(content.EnumerateArray()
            .Select(part => part.TryGetProperty("text", out var text) ? text.GetString() : "")),
        _ => "",
    };

    private static ScriptedToolCall Call(JsonElement call)
    {
        var function = call.GetProperty("function");
        return new ScriptedToolCall(
            function.GetProperty("name").GetString()!,
            function.GetProperty("arguments").GetString()!,
            call.GetProperty("id").GetString());
    }
}
