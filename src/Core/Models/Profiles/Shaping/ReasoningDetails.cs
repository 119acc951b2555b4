using System.Text.Json;
using System.Text.Json.Nodes;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>OpenRouter's <c>reasoning_details</c> of one answer: pieces of a stream put together as they would have come whole.</summary>
internal sealed class ReasoningDetails
{
    private static readonly string[] Growing = ["text", "summary", "data"];

    private readonly List<JsonObject> _details = [];

    /// <param name="json">The array of one message or piece.</param>
    public void Add(ReadOnlyMemory<byte> json)
    {
        if (JsonNode.Parse(json.Span) is not JsonArray pieces)
        {
            return;
        }

        foreach (var piece in pieces.OfType<JsonObject>())
        {
            if (_details is [.., var last] && IsMore(last, piece))
            {
                Append(last, piece);
            }
            else
            {
                _details.Add((JsonObject)piece.DeepClone());
            }
        }
    }

    /// <summary>The array; null when there was nothing.</summary>
    public string? ToJson() => _details.Count == 0 ? null : JsonSerializer.Serialize(_details);

    private static bool IsMore(JsonObject last, JsonObject piece) =>
        JsonNode.DeepEquals(last["type"], piece["type"]) && JsonNode.DeepEquals(last["index"], piece["index"]) && piece["index"] is not null;

    private static void Append(JsonObject last, JsonObject piece)
    {
        foreach (var (name, value) in piece)
        {
            if (value is null)
            {
                continue;
            }

            last[name] = Growing.Contains(name) && last[name] is JsonValue before
                ? $"{before}{value}"
                : value.DeepClone();
        }
    }
}
