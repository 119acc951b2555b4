using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;
using Yggdrasil.Storage;

namespace Yggdrasil.Models;

/// <summary>How an answer ended, whatever its provider calls that.</summary>
public enum FinishReason
{
    /// <summary>The model had said what it had to say.</summary>
    Stop,

    /// <summary>The answer was cut off: by the limit of output tokens, or at the end of what the model can take.</summary>
    Length,

    /// <summary>The model asks for tools.</summary>
    ToolCalls,

    /// <summary>The provider's filter stopped it.</summary>
    ContentFilter,

    /// <summary>The model refused to answer.</summary>
    Refusal,

    /// <summary>The call failed after it was sent, or its answer could not be used.</summary>
    Error,
}

/// <summary>Says how answers ended.</summary>
internal static class FinishReasons
{
    /// <summary>The error code of what Microsoft.Extensions.AI makes of OpenAI's <c>message.refusal</c>.</summary>
    private const string Refused = "Refusal";

    /// <summary>Anthropic's word for a turn that its servers have broken off, to be gone on with.</summary>
    private const string Paused = "pause_turn";

    public static FinishReason Of(ChatResponse response)
    {
        var contents = response.Messages.SelectMany(message => message.Contents);
        return response.FinishReason?.Value switch
        {
            "length" or "max_tokens" or "max_output_tokens" or "model_context_window_exceeded" or Paused => FinishReason.Length,
            "content_filter" => FinishReason.ContentFilter,
            "refusal" => FinishReason.Refusal,
            "error" => FinishReason.Error,
            _ when contents.Any(IsRefusal) => FinishReason.Refusal,
            _ when contents.OfType<FunctionCallContent>().Any() => FinishReason.ToolCalls,
            _ => FinishReason.Stop,
        };
    }

    /// <summary>Whether the answer goes on where the conversation is sent again with what there is of it.</summary>
    public static bool IsPaused(ChatResponse response) => response.FinishReason?.Value == Paused;

    /// <summary>Whether it is what a model said in place of an answer.</summary>
    public static bool IsRefusal(AIContent content) => content is ErrorContent { ErrorCode: Refused };
}

/// <summary>Reads a reason that only a newer version knows as none.</summary>
internal sealed class FinishReasonConverter : JsonConverter<FinishReason?>
{
    public override FinishReason? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        StoredEnum.Read<FinishReason>(reader.GetString());

    public override void Write(Utf8JsonWriter writer, FinishReason? value, JsonSerializerOptions options) => writer.WriteStringValue(value?.ToString());
}
