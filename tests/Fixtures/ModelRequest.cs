using System.Text.Json;

namespace Yggdrasil.Fixtures;

/// <summary>A chat completion request as the scripted server received it.</summary>
/// <param name="Number">Its place among all chat completion requests of the server, from 1.</param>
/// <param name="Path">The path it came by.</param>
/// <param name="Headers">Its headers, names compared without case.</param>
/// <param name="Json">The raw body.</param>
/// <param name="Protocol"><c>HTTP/1.1</c> or <c>HTTP/2</c>.</param>
public sealed record ModelRequest(
    int Number, string Path, IReadOnlyDictionary<string, string> Headers, string Json, string Protocol = "HTTP/1.1")
{
    private readonly JsonElement _body = JsonDocument.Parse(Json).RootElement;

    public string Model => _body.GetProperty("model").GetString()!;

    public bool Stream => _body.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True;

    public JsonElement Body => _body;

    public IReadOnlyList<ModelMessage> Messages =>
        [.. _body.GetProperty("messages").EnumerateArray().Select(ModelMessage.Parse)];

    /// <summary>The names of the tools offered.</summary>
    public IReadOnlyList<string> Tools =>
        _body.TryGetProperty("tools", out var tools)
            ? [.. tools.EnumerateArray().Select(tool => tool.GetProperty("function").GetProperty("name").GetString()!)]
            : [];

    /// <summary>The text of the last user message; empty when there is none.</summary>
    public string LastUserText => Messages.LastOrDefault(message => message.Role == "user")?.Content ?? "";

    /// <summary>The contents of the tool messages that follow the last user message, in order.</summary>
    public IReadOnlyList<string> ToolResults =>
        [.. Messages.Reverse().TakeWhile(message => message.Role != "user").Reverse()
            .Where(message => message.Role == "tool").Select(message => message.Content)];
}
