using System.Text.Json;
using System.Text.Json.Serialization;

namespace Yggdrasil.Load;

/// <summary>How requests and the report are written.</summary>
internal static class LoadJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    public static JsonSerializerOptions Indented { get; } = new(Options) { WriteIndented = true };
}
