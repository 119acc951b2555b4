using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Yggdrasil.Foundation.Schemas;

/// <summary>An answer that has to be JSON of the form its agent's <c>responseSchema</c> demands.</summary>
/// <remarks>
/// Models like to put JSON into a Markdown code block. A block that is the whole answer is taken for what is in it: to ask
/// again would cost a turn for three characters. The run's output stays what the model wrote.
/// </remarks>
internal static partial class StructuredAnswer
{
    /// <summary>The largest answer that is held against a schema, in bytes of UTF-8.</summary>
    public const int MaxBytes = 1024 * 1024;

    private static JsonDocumentOptions Rules => new() { MaxDepth = ValueSchema.MaxDepth, AllowDuplicateProperties = false };

    /// <summary>What is wrong with an answer, in words for the model; empty when nothing is.</summary>
    public static IReadOnlyList<string> Validate(JsonElement schema, string answer)
    {
        if (Encoding.UTF8.GetByteCount(answer) > MaxBytes)
        {
            return [$"The answer is larger than {MaxBytes / 1024} KiB."];
        }

        ReadOnlyMemory<byte> json;
        try
        {
            using var document = JsonDocument.Parse(Unfenced(answer), Rules);
            json = JsonIntegers.Normalize(JsonSerializer.SerializeToUtf8Bytes(document.RootElement), ValueSchema.MaxDepth);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException)
        {
            // Written anew, because what cannot be, such as half a surrogate pair, could not be answered to anybody either.
            return [$"The answer is not JSON and nothing else, of at most {ValueSchema.MaxDepth} levels and with every name given only once."];
        }

        // What an agent is defined with can be read; a definition may be older than that rule.
        return ValueSchema.Read(schema.GetRawText(), SchemaWords.Answer)?.Validate(json)
            ?? ["The agent's responseSchema cannot be read, so no answer fits it."];
    }

    /// <summary>The value of an answer, its integers written as such; null for one that is no JSON, and so fits no schema.</summary>
    public static JsonElement? Parse(string answer)
    {
        try
        {
            using var document = JsonDocument.Parse(Unfenced(answer), Rules);
            var json = Encoding.UTF8.GetBytes(document.RootElement.GetRawText());
            using var value = JsonDocument.Parse(JsonIntegers.Normalize(json, ValueSchema.MaxDepth), Rules);
            return value.RootElement.Clone();
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    private static string Unfenced(string answer) => Fence.Match(answer) is { Success: true } block ? block.Groups[1].Value : answer;

    [GeneratedRegex(@"^\s*```(?:json)?[ \t]*\r?\n(.*)\n[ \t]*```\s*$", RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex Fence { get; }
}
