using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Yggdrasil.Models.Wire;

/// <summary>Writes a delta, or a whole message as one, as OpenAI documents it. Members that it does not know stay as they are.</summary>
internal readonly ref struct OpenAIDelta(Utf8JsonWriter json, SplitText content, SplitText reasoning, ToolCallPieces calls, WireCall? call)
{
    private static readonly string[] KnownOfCall = ["id", "index", "type", "function"];
    private static readonly string[] KnownOfFunction = [.. KnownOfCall, "name", "arguments"];

    public void Write(JsonElement delta, bool isWhole)
    {
        StringBuilder? said = null, thought = null;
        foreach (var member in delta.EnumerateObject())
        {
            switch (member.Name)
            {
                case "role":
                    json.WriteString("role"u8, "assistant"u8);
                    break;
                case "content":
                    Read(member.Value, ref said, ref thought);
                    break;
                case "reasoning_content":
                case "reasoning" when !HasText(delta, "reasoning_content"):
                    Append(ref thought, LenientText.Of(member.Value));
                    break;
                case "refusal":
                    Refuse(LenientText.Of(member.Value), ref said);
                    break;
                case "tool_calls" or "function_call" or "audio" or "reasoning":
                    break;
                default:
                    Copy(member);
                    break;
            }
        }

        WriteText("content"u8, content, said);
        WriteText("reasoning_content"u8, reasoning, thought);
        WriteCalls(delta, isWhole);
    }

    private static bool HasText(JsonElement delta, string name) => delta.TryGetProperty(name, out var value) && LenientText.Of(value) is { Length: > 0 };

    private void Refuse(string? words, ref StringBuilder? said)
    {
        if (words is { Length: > 0 })
        {
            call?.Refused = true;
            Append(ref said, words);
        }
    }

    /// <summary>Text, or a list of parts.</summary>
    private void Read(JsonElement value, ref StringBuilder? said, ref StringBuilder? thought)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                Append(ref said, LenientText.Of(value));
                break;
            case JsonValueKind.Array:
                foreach (var part in value.EnumerateArray())
                {
                    Read(part, ref said, ref thought);
                }

                break;
            case JsonValueKind.Object when value.TryGetProperty("thinking", out var thinking) || value.TryGetProperty("reasoning", out thinking):
                StringBuilder? deeper = null;
                Read(thinking, ref thought, ref deeper);
                Append(ref thought, deeper?.ToString());
                break;
            case JsonValueKind.Object when value.TryGetProperty("refusal", out var refusal):
                Refuse(LenientText.Of(refusal), ref said);
                break;
            case JsonValueKind.Object when value.TryGetProperty("text", out var text):
                Read(text, ref said, ref thought);
                break;
        }
    }

    private static void Append(ref StringBuilder? text, string? piece)
    {
        if (piece is { Length: > 0 })
        {
            (text ??= new StringBuilder()).Append(piece);
        }
    }

    private void WriteText(ReadOnlySpan<byte> name, SplitText text, StringBuilder? piece)
    {
        if (piece is not null)
        {
            json.WriteString(name, text.Join(piece.ToString()));
        }
    }

    private void Copy(JsonProperty member)
    {
        json.WritePropertyName(member.Name);
        json.WriteRawValue(JsonMarshal.GetRawUtf8Value(member.Value), skipInputValidation: true);
    }

    private void WriteCalls(JsonElement delta, bool isWhole)
    {
        var hasList = delta.TryGetProperty("tool_calls", out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0;
        var hasOne = delta.TryGetProperty("function_call", out var function) && function.ValueKind == JsonValueKind.Object;
        if (!hasList && !hasOne)
        {
            return;
        }

        json.WriteStartArray("tool_calls"u8);
        foreach (var element in hasList ? list.EnumerateArray() : default)
        {
            if (element.ValueKind == JsonValueKind.Object)
            {
                // Some leave the object between out, and have name and arguments in the call itself.
                var hasFunction = element.TryGetProperty("function", out var named);
                WriteCall(element, hasFunction ? named : element, isWhole);
            }
        }

        if (hasOne && !hasList)
        {
            // What calls were before there could be several.
            WriteCall(default, function, isWhole);
        }

        json.WriteEndArray();
    }

    private void WriteCall(JsonElement element, JsonElement function, bool isWhole)
    {
        var hasFunction = function.ValueKind == JsonValueKind.Object;
        var name = hasFunction && function.TryGetProperty("name", out var named) && LenientText.Of(named) is { Length: > 0 } text ? LenientText.Mend(text) : null;
        var arguments = hasFunction && function.TryGetProperty("arguments", out var written) ? ArgumentsOf(written) : "";
        var sentId = Member(element, "id") is { } id && LenientText.Of(id) is { Length: > 0 } given ? LenientText.Mend(given) : null;
        var sentIndex = Member(element, "index") is { } index ? IndexIn(index) : null;
        var one = calls.Of(sentId, sentIndex, name, arguments.Length > 0, isWhole);
        one.Add(arguments);

        json.WriteStartObject();
        json.WriteNumber("index"u8, one.Index);
        if (!one.IsAnnounced)
        {
            json.WriteString("id"u8, one.Id);
            json.WriteString("type"u8, "function"u8);
            one.IsAnnounced = true;
        }

        json.WriteStartObject("function"u8);
        if (name is not null)
        {
            json.WriteString("name"u8, name);
        }

        json.WriteString("arguments"u8, arguments);
        CopyOthers(function, KnownOfFunction);
        json.WriteEndObject();
        CopyOthers(element, KnownOfFunction);
        json.WriteEndObject();
    }

    private static long? IndexIn(JsonElement index) => index.ValueKind switch
    {
        JsonValueKind.Number when index.TryGetInt64(out var place) => place,
        JsonValueKind.String when long.TryParse(LenientText.Of(index), NumberStyles.None, CultureInfo.InvariantCulture, out var place) => place,
        _ => null,
    };

    private static JsonElement? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>The arguments as JSON text, however they came.</summary>
    private static string ArgumentsOf(JsonElement arguments) => arguments.ValueKind switch
    {
        JsonValueKind.String => LenientText.Escape(LenientText.Of(arguments)!),
        JsonValueKind.Object or JsonValueKind.Array => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(arguments)),
        _ => "",
    };

    private void CopyOthers(JsonElement element, ReadOnlySpan<string> known)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (var member in element.EnumerateObject())
        {
            if (!known.Contains(member.Name))
            {
                Copy(member);
            }
        }
    }
}
