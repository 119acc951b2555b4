using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Yggdrasil.Functions.Http.Answering;

/// <summary>JSON as the HTTP contract says: camelCase, snake_case enums, absent values omitted, times in UTC.</summary>
internal static class ContractJson
{
    /// <summary>How deep a request may nest.</summary>
    public const int MaxDepth = 32;

    public static readonly JsonSerializerOptions Options = Create();

    /// <summary>The values of an enum by the names that callers see and send.</summary>
    public static Dictionary<string, T> Choices<T>()
        where T : struct, Enum =>
        Enum.GetValues<T>().ToDictionary(choice => JsonNamingPolicy.SnakeCaseLower.ConvertName(choice.ToString()));

    /// <summary>The name of an enum's value, as callers see it.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum =>
        JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
        {
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            // The answer is application/json, never HTML: text in any script stays readable.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
