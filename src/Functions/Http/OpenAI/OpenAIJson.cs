using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Yggdrasil.Functions.Http.OpenAI;

/// <summary>JSON as OpenAI's clients expect it: names in snake_case as written, and null where there is nothing.</summary>
internal static class OpenAIJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static IResult Answer(JsonObject document, int status = StatusCodes.Status200OK) =>
        Results.Text(document.ToJsonString(Options), "application/json", Encoding.UTF8, status);

    /// <summary>A server-sent event without a name, as chat has them.</summary>
    public static ReadOnlyMemory<byte> Frame(JsonObject data) => Encoding.UTF8.GetBytes($"data: {data.ToJsonString(Options)}\n\n");

    /// <summary>A server-sent event that is named by its <c>type</c>, as responses have them.</summary>
    public static ReadOnlyMemory<byte> NamedFrame(JsonObject data) =>
        Encoding.UTF8.GetBytes($"event: {data["type"]}\ndata: {data.ToJsonString(Options)}\n\n");

    public static JsonObject List(IEnumerable<JsonObject> items, bool hasMore)
    {
        JsonArray data = [.. items];
        return new JsonObject
        {
            ["object"] = "list",
            ["data"] = data,
            ["first_id"] = data.Count > 0 ? data[0]!["id"]?.DeepClone() : null,
            ["last_id"] = data.Count > 0 ? data[^1]!["id"]?.DeepClone() : null,
            ["has_more"] = hasMore,
        };
    }
}
