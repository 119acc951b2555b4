using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>The <c>extra_content</c> of a tool call or a message, in which Gemini signs its thoughts: it goes back as it came, to its model only.</summary>
internal static class ExtraContent
{
    /// <summary>The additional property of a call that holds it, as JSON.</summary>
    public const string Property = "extraContent";

    /// <summary>Where it stands in a call.</summary>
    public static ReadOnlySpan<byte> Path => "$.extra_content"u8;

    public static void Note(FunctionCallContent call, ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        (call.AdditionalProperties ??= [])[Property] = document.RootElement.Clone();
    }

    public static JsonElement? Find(FunctionCallContent call) =>
        call.AdditionalProperties?.GetValueOrDefault(Property) is JsonElement extra ? extra : null;

    /// <summary>Whether the one of a message holds what has to come back; otherwise it says what its text is, a thought for example.</summary>
    public static bool HasSignature(ReadOnlyMemory<byte> json) => json.Span.IndexOf("signature"u8) >= 0;

    /// <summary>The one of a message, which is kept as the protected part of reasoning: a JSON object, unlike details of reasoning, which are an array.</summary>
    public static string? OfMessage(TextReasoningContent reasoning) => reasoning.ProtectedData is ['{', ..] signed ? signed : null;

    /// <summary>What stands for it on a call of another model, where the provider demands it; null for nothing.</summary>
    public static object? Instead(ProviderProfile profile, bool isOwn) => isOwn || profile.MissingSignature is not { } signature
        ? null
        : JsonSerializer.SerializeToElement(new { google = new { thought_signature = signature } });
}
