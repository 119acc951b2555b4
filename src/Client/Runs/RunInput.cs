using System.Text.Json;
using System.Text.Json.Serialization;
using Yggdrasil.Client.Sending;

namespace Yggdrasil.Client;

/// <summary>What a run is asked: a text, or messages of which the last is a user's. Both convert to it by themselves.</summary>
[JsonConverter(typeof(RunInputConverter))]
public sealed class RunInput
{
    private RunInput(JsonElement json) => Json = json;

    /// <summary>As it is sent.</summary>
    public JsonElement Json { get; }

    /// <summary>The text, where it is one.</summary>
    public string? Text => Json.ValueKind == JsonValueKind.String ? Json.GetString() : null;

    /// <summary>From JSON, also in a form that this version of the client has no type for.</summary>
    public static RunInput FromJson(JsonElement json) => new(json.Clone());

    /// <summary>From a text.</summary>
    public static RunInput FromText(string text) => new(JsonSerializer.SerializeToElement(text, ClientJson.Default.String));

    /// <summary>From messages.</summary>
    public static RunInput FromMessages(params InputMessage[] messages) => new(JsonSerializer.SerializeToElement(messages, ClientJson.Default.InputMessageArray));

    /// <summary>From a text.</summary>
    public static implicit operator RunInput(string text) => FromText(text);

    /// <summary>From messages.</summary>
    public static implicit operator RunInput(InputMessage[] messages) => FromMessages(messages);

    /// <inheritdoc/>
    public override string ToString() => Text ?? Json.GetRawText();
}

/// <summary>A message of an input.</summary>
/// <param name="Role"><c>user</c> or <c>assistant</c>; instructions belong to the agent.</param>
/// <param name="Content">What is said.</param>
public sealed record InputMessage(string Role, string Content);

/// <summary>An input is its JSON.</summary>
internal sealed class RunInputConverter : JsonConverter<RunInput>
{
    public override RunInput Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        RunInput.FromJson(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, RunInput value, JsonSerializerOptions options) => value.Json.WriteTo(writer);
}
