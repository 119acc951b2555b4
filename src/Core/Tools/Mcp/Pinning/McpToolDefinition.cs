using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Yggdrasil.Foundation.Schemas;

namespace Yggdrasil.Tools.Mcp.Pinning;

/// <summary>What a server says of one tool: the parts that a model, a human or a gate would rely on.</summary>
internal sealed class McpToolDefinition
{
    /// <summary>The largest definition, as canonical JSON in bytes: it is a row of a table, and part of every prompt.</summary>
    public const int MaxBytes = 24 * 1024;

    /// <summary>The fields that count, in order. What else a server sends (icons, _meta) reaches nobody.</summary>
    private static readonly string[] Fields = ["annotations", "description", "inputSchema", "name", "outputSchema", "title"];

    private McpToolDefinition(JsonElement json, byte[] canonical) => (Json, Canonical) = (json, canonical);

    /// <summary>The fields that count.</summary>
    public JsonElement Json { get; }

    public byte[] Canonical { get; }

    public string Name => Json.GetProperty("name").GetString()!;

    public string Description => Text("description") ?? Text("title") ?? "";

    public JsonElement InputSchema => Json.GetProperty("inputSchema");

    public JsonElement? OutputSchema => Json.TryGetProperty("outputSchema", out var schema) ? schema : null;

    public bool ReadOnlyHint => Hint("readOnlyHint");

    public bool DestructiveHint => Hint("destructiveHint");

    /// <summary>Whether it holds characters that people do not see and models read. Models are shown it without them.</summary>
    public bool HidesText => Hides(Json);

    /// <summary>Of one server at one origin: the same tool elsewhere is another.</summary>
    public string HashFor(string server, Uri endpoint) => Convert.ToHexStringLower(SHA256.HashData(
        [.. Encoding.UTF8.GetBytes($"{server}\n{endpoint.GetLeftPart(UriPartial.Authority)}\n"), .. Canonical]));

    /// <summary>Why no agent can use it, in words for operators; null when it can be used.</summary>
    public string? Fault()
    {
        if (ValueSchema.Read(InputSchema.GetRawText(), SchemaWords.Arguments) is not { IsBounded: true })
        {
            return "Its inputSchema cannot be read as a JSON schema of arguments.";
        }

        return OutputSchema is { } output && ValueSchema.Read(output.GetRawText(), SchemaWords.ToolResult) is not { IsBounded: true }
            ? "Its outputSchema cannot be read as a JSON schema."
            : null;
    }

    /// <summary>Reads what a list says of a tool.</summary>
    /// <returns>The definition, or why there is none.</returns>
    public static (McpToolDefinition? Definition, string? Fault) Read(JsonElement listed)
    {
        if (listed.ValueKind != JsonValueKind.Object
            || !listed.TryGetProperty("name", out var name) || name.ValueKind != JsonValueKind.String || !McpNames.IsTool(name.GetString()!))
        {
            return (null, $"It has no name that can be used; {McpNames.ToolRule}.");
        }

        if (!IsObject(listed, "inputSchema") || (listed.TryGetProperty("outputSchema", out var output) && output.ValueKind is not (JsonValueKind.Object or JsonValueKind.Null))
            || !IsText(listed, "description") || !IsText(listed, "title"))
        {
            return (null, "Its schemas are no objects, or its description is no text.");
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var field in Fields.Where(field => listed.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null))
            {
                writer.WritePropertyName(field);
                listed.GetProperty(field).WriteTo(writer);
            }

            writer.WriteEndObject();
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory);
        var canonical = CanonicalJson.Write(document.RootElement);
        return canonical.Length <= MaxBytes ? (Parse(canonical), null) : (null, $"Its definition is larger than {MaxBytes / 1024} KiB.");
    }

    /// <summary>Reads canonical JSON that was written before.</summary>
    public static McpToolDefinition Parse(byte[] canonical)
    {
        using var document = JsonDocument.Parse(canonical);
        return new McpToolDefinition(document.RootElement.Clone(), canonical);
    }

    private static bool IsObject(JsonElement listed, string field) =>
        listed.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.Object;

    private static bool IsText(JsonElement listed, string field) =>
        !listed.TryGetProperty(field, out var value) || value.ValueKind is JsonValueKind.String or JsonValueKind.Null;

    private static bool Hides(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.EnumerateObject().Any(property => !VisibleText.IsVisible(property.Name) || Hides(property.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(Hides),
        JsonValueKind.String => !VisibleText.IsVisible(value.GetString()!),
        _ => false,
    };

    private string? Text(string field) => Json.TryGetProperty(field, out var text) ? text.GetString() : null;

    private bool Hint(string name) => Json.TryGetProperty("annotations", out var annotations) && annotations.ValueKind == JsonValueKind.Object
        && annotations.TryGetProperty(name, out var hint) && hint.ValueKind == JsonValueKind.True;
}
