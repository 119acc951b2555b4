using System.Runtime.InteropServices;
using System.Text.Json;

namespace Yggdrasil.Models.Wire;

/// <summary>Copies JSON whose texts may have halves of surrogate pairs, which the vendors' readers throw on.</summary>
/// <param name="keep">Names of members that stay as they are: arguments of calls, which are refused for what is wrong with them.</param>
internal readonly struct JsonCopy(Utf8JsonWriter json, params string[] keep)
{
    /// <param name="text">Mends a text, by the name of the member that it is the value of.</param>
    public void Write(JsonElement value, Func<string, string, string> text, string name = "")
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    var called = LenientText.NameOf(member);
                    json.WritePropertyName(called);
                    Member(called, member.Value, text);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(item, text, name);
                }

                json.WriteEndArray();
                break;
            case JsonValueKind.String:
                json.WriteStringValue(text(name, LenientText.Of(value)!));
                break;
            default:
                Raw(value);
                break;
        }
    }

    private void Member(string name, JsonElement value, Func<string, string, string> text)
    {
        if (!keep.Contains(name))
        {
            Write(value, text, name);
        }
        else if (value.ValueKind == JsonValueKind.String && ObjectIn(value) is { } arguments)
        {
            // As OpenAI has them, which servers of other formats send too.
            Member(name, arguments, text);
        }
        else if (value.ValueKind == JsonValueKind.Object && LenientText.HasLoneSurrogate(JsonMarshal.GetRawUtf8Value(value)))
        {
            // The vendors' readers throw on a name of an argument, and leave unread what is within one.
            json.WriteStartObject();
            json.WritePropertyName(name);
            Raw(value);
            json.WriteEndObject();
        }
        else
        {
            Raw(value);
        }
    }

    /// <summary>The object that is the value of a text; an empty one for an empty text, null where it is none.</summary>
    private static JsonElement? ObjectIn(JsonElement value)
    {
        try
        {
            var json = JsonElement.Parse(LenientText.Of(value) is var written && string.IsNullOrWhiteSpace(written) ? "{}" : LenientText.Escape(written));
            return json.ValueKind == JsonValueKind.Object ? json : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Raw(JsonElement value) => json.WriteRawValue(JsonMarshal.GetRawUtf8Value(value), skipInputValidation: true);
}
