using System.Text.Json;

namespace Yggdrasil.Providers;

/// <summary>Reads the error bodies of the vendors, which agree on little but an <c>error</c> with a code or a message.</summary>
internal static class UpstreamErrors
{
    private static readonly string[] ContentFilterMarks =
        ["content_filter", "content_policy", "ResponsibleAIPolicyViolation", "content management policy"];

    // Codes of OpenAI, Groq and llama.cpp; the rest only say it in words: Anthropic, Gemini, Mistral, vLLM, LM Studio.
    private static readonly string[] ContextMarks =
    [
        "context_length_exceeded", "exceed_context_size", "request_too_large", "prompt is too long", "maximum context length",
        "exceeds the maximum number of tokens", "context length", "context size", "context window",
    ];

    private static readonly string[] QuotaMarks = ["insufficient_quota", "credit balance"];

    /// <summary>Never throws: a body may be cut off, HTML of some proxy, or nothing.</summary>
    public static UpstreamError Read(string? body)
    {
        var said = Said(body);
        return Mentions(said, ContentFilterMarks) ? UpstreamError.ContentFilter
            : Mentions(said, ContextMarks) ? UpstreamError.ContextTooLong
            : Mentions(said, QuotaMarks) ? UpstreamError.QuotaExhausted
            : UpstreamError.Other;
    }

    private static bool Mentions(IReadOnlyList<string> said, string[] marks) =>
        said.Any(text => marks.Any(mark => text.Contains(mark, StringComparison.OrdinalIgnoreCase)));

    /// <summary>Codes, types and messages of the error; not the whole body, which may quote the prompt.</summary>
    private static List<string> Said(string? body)
    {
        List<string> said = [];
        if (string.IsNullOrEmpty(body))
        {
            return said;
        }

        try
        {
            using var document = JsonDocument.Parse(body);
            // Gemini wraps its error in an array.
            var root = document.RootElement is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() > 0
                ? array[0]
                : document.RootElement;
            Collect(root, said);
        }
        catch (JsonException)
        {
            // No JSON, so no code: the status alone decides.
        }

        return said;
    }

    private static void Collect(JsonElement element, List<string> said)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case "error" or "innererror":
                    if (property.Value.ValueKind == JsonValueKind.String)
                    {
                        said.Add(property.Value.GetString()!);
                    }

                    Collect(property.Value, said);
                    break;
                case "code" or "type" or "message" or "status" when property.Value.ValueKind == JsonValueKind.String:
                    said.Add(property.Value.GetString()!);
                    break;
            }
        }
    }
}
