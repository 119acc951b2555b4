using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace Yggdrasil.Functions.Http.McpServer;

/// <summary>What the revision that a request speaks, and the client that sends it, can take.</summary>
internal static class McpRevision
{
    /// <summary>The first one without sessions; dates sort as text.</summary>
    private const string Stateless = "2026-07-28";

    private const string Capabilities = "io.modelcontextprotocol/clientCapabilities";

    /// <summary>Whether requests stand for themselves: a client ends one by closing its stream, and may wait for a run as a task.</summary>
    public static bool IsStateless(JsonRpcRequest request) => string.CompareOrdinal(request.Context?.ProtocolVersion, Stateless) >= 0;

    /// <summary>Whether an output schema may be of something else than objects.</summary>
    public static bool TakesAnySchema(JsonRpcRequest request) => IsStateless(request);

    public static bool IsOfObjects(JsonElement schema) =>
        schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("object");

    /// <summary>Whether the client polls runs that take longer.</summary>
    public static bool TakesTasks(JsonRpcRequest request) =>
        IsStateless(request) && Find(request, "extensions") is { } extensions && extensions.ContainsKey(TaskProtocol.Extension);

    /// <summary>Whether the client can ask its user for a decision.</summary>
    public static bool TakesQuestions(JsonRpcRequest request) => Find(request, "elicitation") is not null;

    private static JsonObject? Find(JsonRpcRequest request, string capability) =>
        ((request.Params as JsonObject)?["_meta"] as JsonObject)?[Capabilities] is JsonObject capabilities ? capabilities[capability] as JsonObject : null;
}
