using System.Text.Json;

namespace Yggdrasil.Models.Demo;

/// <summary>What the demo model reads of a JSON schema.</summary>
internal static class DemoSchema
{
    /// <summary>The type that a schema names; the first one of <c>["string", "null"]</c>, which says what is meant.</summary>
    public static string? TypeOf(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out var type))
        {
            return null;
        }

        var first = type.ValueKind == JsonValueKind.Array && type.GetArrayLength() > 0 ? type[0] : type;
        return first.ValueKind == JsonValueKind.String ? first.GetString() : null;
    }
}
