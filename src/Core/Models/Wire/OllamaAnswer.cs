using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Yggdrasil.Models.Failures;

namespace Yggdrasil.Models.Wire;

/// <summary>An answer in Ollama's format: one JSON object a line, the last of them <c>done</c>.</summary>
internal sealed class OllamaAnswer(string provider, AnswerSize size, WireCall? call) : AnswerFormat(provider, size, call)
{
    // What a line has around its text.
    private const int Framing = 160;

    private readonly SplitText _content = new();
    private readonly SplitText _thinking = new();

    /// <summary>OllamaSharp takes every line for JSON, also an empty one.</summary>
    protected override bool HasEvents => false;

    protected override bool IsCanonical(ReadOnlySpan<byte> line)
    {
        if (_content.HasHalf || _thinking.HasHalf || line[0] != '{' || line.IndexOf("\"error\""u8) >= 0 || line.IndexOf("\"done\":false"u8) < 0 || line.IndexOf("\"tool_calls\""u8) >= 0
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

        var isEnd = json.TryGetProperty("done", out var done) && done.ValueKind == JsonValueKind.True;
        if (isEnd)
        {
            Finish(output, announced: true);
        }

        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
        {
            writer.WriteStartObject();
            if (isEnd && !Says(json, "done_reason", out _))
            {
                // As versions before 0.3 end, which said no more.
                writer.WriteString("done_reason"u8, "stop"u8);
            }

            if (!json.TryGetProperty("message", out var message) || message.ValueKind != JsonValueKind.Object)
            {
                writer.WriteStartObject("message"u8);
                writer.WriteString("role"u8, "assistant"u8);
                writer.WriteString("content"u8, ""u8);
                writer.WriteEndObject();
            }

            var copy = new JsonCopy(writer, "arguments");
            foreach (var member in json.EnumerateObject().Where(member => member.Name is not ("message" or "done_reason") || Says(json, member.Name, out _)))
            {
                writer.WritePropertyName(LenientText.NameOf(member));
                copy.Write(member.Value, Mend, member.Name);
            }

            writer.WriteEndObject();
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
