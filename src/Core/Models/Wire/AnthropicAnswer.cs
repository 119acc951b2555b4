using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Yggdrasil.Models.Wire;

/// <summary>An answer in Anthropic's format, streamed or whole, as a stream of the events that Anthropic documents.</summary>
internal sealed class AnthropicAnswer(string provider, AnswerSize size, WireCall? call) : AnswerFormat(provider, size, call)
{
    // What an event has around its text.
    private const int Framing = 160;

    private readonly SplitText _text = new();
    private readonly SplitText _thinking = new();

    /// <summary>Whether the event under way has a name: the package leaves out those without, which gateways send.</summary>
    private bool _isNamed;

    /// <summary>The input that came with the start of a call, whose pieces may still come: the package reads pieces only.</summary>
    private string? _input;

    protected override bool IsCanonical(ReadOnlySpan<byte> line)
    {
        if (line.StartsWith("event:"u8))
        {
            return _isNamed = true;
        }

        if (!line.StartsWith("data:"u8))
        {
            return line.StartsWith("id:"u8) || line.StartsWith("retry:"u8);
        }

        var isNamed = _isNamed;
        _isNamed = false;
        if (!isNamed || _text.HasHalf || _thinking.HasHalf || _input is not null || line.IndexOf("\"message_"u8) >= 0 || line.IndexOf("\"tool_use\""u8) >= 0 || line.IndexOf("\"error\""u8) >= 0 || line.IndexOf("refusal"u8) >= 0
            || !IsObject(line[5..]) || LenientText.HasLoneSurrogate(line))
        {
            return false;
        }

        Size.Add(Math.Max(0, line.Length - Framing));
        return true;
    }

    protected override void Object(JsonElement json, IBufferWriter<byte> output)
    {
        var type = Text(json, "type");
        if (type == "message")
        {
            Size.Add(JsonMarshal.GetRawUtf8Value(json).Length);
            Whole(json, output);
            return;
        }

        if (type.Length == 0)
        {
            return;
        }

        if (type == "message_delta" && json.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object)
        {
            NoteReason(delta);
        }

        if (type == "content_block_stop")
        {
            WriteRest(json, output);
        }

        Size.Add(Math.Max(0, JsonMarshal.GetRawUtf8Value(json).Length - Framing));
        if (type == "message_start" && json.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object)
        {
            WriteStart(message, output);
            return;
        }

        NoteInput(json);
        Event(output, type, writer =>
        {
            if (type == "message_delta")
            {
                WriteEndOf(json, writer);
            }
            else
            {
                new JsonCopy(writer, "input").Write(json, Mend);
            }
        });
    }

    protected override void Finish(IBufferWriter<byte> output, bool announced)
    {
        // Its last event says that it has ended, and nothing is left after it.
    }

    private static bool IsObject(ReadOnlySpan<byte> json)
    {
        var extent = default(JsonExtent);
        extent.Add(json);
        return extent.IsComplete && Utf8.IsValid(json);
    }

    private static string Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) && LenientText.Of(value) is { } text ? text : "";

    private void NoteReason(JsonElement json)
    {
        if (Text(json, "stop_reason") == "refusal")
        {
            Call?.Refused = true;
        }
    }

    private string Mend(string name, string text) => name switch
    {
        "text" => _text.Join(text),
        "thinking" => _thinking.Join(text),
        "partial_json" => LenientText.Escape(text),
        _ => LenientText.Mend(text),
    };

    /// <summary>Compatible servers send a call's input whole with its start, or in pieces, or both.</summary>
    private void NoteInput(JsonElement json)
    {
        if (json.TryGetProperty("content_block", out var block) && block.ValueKind == JsonValueKind.Object)
        {
            _input = !Says(block, "input", out var input) ? null
                : input.ValueKind == JsonValueKind.String ? LenientText.Escape(LenientText.Of(input)!)
                : Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(input));
        }
        else if (json.TryGetProperty("delta", out var delta) && delta.ValueKind == JsonValueKind.Object && Text(delta, "partial_json").Length > 0)
        {
            _input = null;
        }
    }

    /// <summary>The end of a message with the report of tokens that the package insists on: none where none is reported.</summary>
    private static void WriteEndOf(JsonElement json, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        foreach (var member in json.EnumerateObject().Where(member => member.Name != "usage"))
        {
            writer.WritePropertyName(member.Name);
            new JsonCopy(writer).Write(member.Value, static (_, text) => LenientText.Mend(text));
        }

        WriteUsage(json, writer, "output_tokens");
        writer.WriteEndObject();
    }

    private static void WriteUsage(JsonElement json, Utf8JsonWriter writer, params ReadOnlySpan<string> counts)
    {
        writer.WriteStartObject("usage");
        var usage = json.TryGetProperty("usage", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
        foreach (var name in counts)
        {
            var isNumber = usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty(name, out var count) && count.ValueKind == JsonValueKind.Number && count.TryGetInt64(out _);
            writer.WriteNumber(name, isNumber ? usage.GetProperty(name).GetInt64() : 0);
        }

        if (usage.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in usage.EnumerateObject())
            {
                if (!counts.Contains(member.Name))
                {
                    writer.WritePropertyName(member.Name);
                    new JsonCopy(writer).Write(member.Value, static (_, text) => LenientText.Mend(text));
                }
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>The start of a message with all that the package insists on.</summary>
    private static void WriteStart(JsonElement message, IBufferWriter<byte> output) => Event(output, "message_start", writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("type", "message_start");
        writer.WriteStartObject("message");
        foreach (var member in message.EnumerateObject().Where(member => Says(message, member.Name, out _) && member.Name is not ("usage" or "content" or "stop_reason" or "stop_sequence")))
        {
            writer.WritePropertyName(member.Name);
            new JsonCopy(writer).Write(member.Value, static (_, text) => LenientText.Mend(text));
        }

        foreach (var (name, value) in (ReadOnlySpan<(string, string)>)[("id", ""), ("type", "message"), ("role", "assistant"), ("model", "")])
        {
            if (!Says(message, name, out _))
            {
                writer.WriteString(name, value);
            }
        }

        WriteUsage(message, writer, "input_tokens", "output_tokens");
        writer.WriteStartArray("content");
        writer.WriteEndArray();
        writer.WriteNull("stop_reason");
        writer.WriteNull("stop_sequence");
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    /// <summary>Half a character, or a whole input, that a block ended with.</summary>
    private void WriteRest(JsonElement stop, IBufferWriter<byte> output)
    {
        var (text, thought) = (_text.End(), _thinking.End());
        var index = stop.TryGetProperty("index", out var place) && place.ValueKind == JsonValueKind.Number && place.TryGetInt32(out var number) ? number : 0;
        if (text.Length > 0)
        {
            Delta(output, index, "text_delta", "text", text);
        }

        if (thought.Length > 0)
        {
            Delta(output, index, "thinking_delta", "thinking", thought);
        }

        if (_input is { } input)
        {
            _input = null;
            Delta(output, index, "input_json_delta", "partial_json", input);
        }
    }

    /// <summary>A message that came whole, although a stream was asked for, as the events it would have been.</summary>
    private void Whole(JsonElement message, IBufferWriter<byte> output)
    {
        NoteReason(message);
        WriteStart(message, output);
        var index = 0;
        foreach (var block in Blocks(message))
        {
            Block(block, index++, output);
        }

        Event(output, "message_delta", writer => WriteEnd(writer, message));
        Event(output, "message_stop", static writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type", "message_stop");
            writer.WriteEndObject();
        });
        HasEnded = true;
    }

    private static IEnumerable<JsonElement> Blocks(JsonElement message) =>
        message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array
            ? content.EnumerateArray().Where(block => block.ValueKind == JsonValueKind.Object)
            : [];

    private static void WriteEnd(Utf8JsonWriter writer, JsonElement message)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "message_delta");
        writer.WriteStartObject("delta");
        writer.WriteString("stop_reason", Text(message, "stop_reason") is { Length: > 0 } reason ? LenientText.Mend(reason) : "end_turn");
        writer.WriteNull("stop_sequence");
        writer.WriteEndObject();
        var output = message.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object
            && usage.TryGetProperty("output_tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Number && tokens.TryGetInt64(out var count)
                ? count
                : 0;
        writer.WriteStartObject("usage");
        writer.WriteNumber("output_tokens", output);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void Block(JsonElement block, int index, IBufferWriter<byte> output)
    {
        var type = Text(block, "type");
        Event(output, "content_block_start", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type", "content_block_start");
            writer.WriteNumber("index", index);
            writer.WriteStartObject("content_block");
            foreach (var member in block.EnumerateObject())
            {
                writer.WritePropertyName(member.Name);
                if (member.Name == "input")
                {
                    writer.WriteStartObject();
                    writer.WriteEndObject();
                }
                else if (member.Name is "text" or "thinking" or "signature")
                {
                    writer.WriteStringValue("");
                }
                else
                {
                    new JsonCopy(writer).Write(member.Value, static (_, text) => LenientText.Mend(text));
                }
            }

            writer.WriteEndObject();
            writer.WriteEndObject();
        });
        switch (type)
        {
            case "text":
                Delta(output, index, "text_delta", "text", LenientText.Mend(Text(block, "text")));
                break;
            case "thinking":
                Delta(output, index, "thinking_delta", "thinking", LenientText.Mend(Text(block, "thinking")));
                Delta(output, index, "signature_delta", "signature", LenientText.Mend(Text(block, "signature")));
                break;
            default:
                if (block.TryGetProperty("input", out var input))
                {
                    Delta(output, index, "input_json_delta", "partial_json", Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(input)));
                }

                break;
        }

        Event(output, "content_block_stop", writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type", "content_block_stop");
            writer.WriteNumber("index", index);
            writer.WriteEndObject();
        });
    }

    private static void Delta(IBufferWriter<byte> output, int index, string type, string name, string text) => Event(output, "content_block_delta", writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("type", "content_block_delta");
        writer.WriteNumber("index", index);
        writer.WriteStartObject("delta");
        writer.WriteString("type", type);
        writer.WriteString(name, text);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    private static void Event(IBufferWriter<byte> output, string type, Action<Utf8JsonWriter> write)
    {
        output.Write("event: "u8);
        output.Write(Encoding.UTF8.GetBytes(type.ReplaceLineEndings(" ")));
        output.Write("\ndata: "u8);
        using (var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true }))
        {
            write(writer);
        }

        output.Write("\n\n"u8);
    }
}
