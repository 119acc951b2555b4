using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Wire;

/// <summary>An answer in Ollama's format: one JSON object a line, the last of them <c>done</c>.</summary>
internal sealed class OllamaAnswer(string provider, AnswerSize size) : AnswerFormat(provider, size)
{
    // What a line has around its text.
    private const int Framing = 160;

    private readonly SplitText _content = new();
    private readonly SplitText _thinking = new();

    /// <summary>OllamaSharp takes every line for JSON, also an empty one.</summary>
    protected override bool HasEvents => false;

    protected override bool IsCanonical(ReadOnlySpan<byte> line)
    {
        if (_content.HasHalf || _thinking.HasHalf || line[0] != '{' || line.IndexOf("\"error\""u8) >= 0 || line.IndexOf("\"done_reason\""u8) >= 0
            || !Utf8.IsValid(line) || LenientText.HasLoneSurrogate(line))
        {
            return false;
        }

        var extent = default(JsonExtent);
        extent.Add(line);
        if (!extent.IsComplete)
        {
            return false;
        }

        Size.Add(Math.Max(0, line.Length - Framing));
        return true;
    }

    protected override void Object(JsonElement json, IBufferWriter<byte> output)
    {
        if (json.TryGetProperty("done_reason", out var reason) && LenientText.Of(reason) is { } word && WireFinishReasons.IsFailure(word))
        {
            // "load" says that the model was loaded, and nobody asked it anything.
            throw ProviderFailures.GaveUp(Provider, word);
        }

        if (json.TryGetProperty("done", out var done) && done.ValueKind == JsonValueKind.True)
        {
            Finish(output, announced: true);
        }

        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
        {
            new JsonCopy(writer, "arguments").Write(json, Mend);
        }

        output.Write("\n"u8);
        Size.Add(Math.Max(0, JsonMarshal.GetRawUtf8Value(json).Length - Framing));
    }

    protected override void Finish(IBufferWriter<byte> output, bool announced)
    {
        if (_content.End() is { Length: > 0 } rest)
        {
            output.Write("{\"message\":{\"role\":\"assistant\",\"content\":\""u8);
            output.Write(Encoding.UTF8.GetBytes(rest));
            output.Write("\"},\"done\":false}\n"u8);
        }
    }

    private string Mend(string name, string text) => name switch
    {
        "content" => _content.Join(text),
        "thinking" => _thinking.Join(text),
        _ => LenientText.Mend(text),
    };
}
