using Microsoft.Extensions.AI;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>Asks for an answer that fits a schema in the strongest way that the provider takes.</summary>
internal static class SchemaRequest
{
    private const string Wish =
        "Give your final answer as one JSON object that fits this JSON schema, without any text or code fence around it:";

    /// <summary>Changes the options, and the messages where the schema has to go in words.</summary>
    /// <param name="options">A copy that is the caller's own.</param>
    public static void Apply(ProviderProfile profile, List<ChatMessage> messages, ChatOptions options)
    {
        if (options.ResponseFormat is not ChatResponseFormatJson { Schema: { } schema })
        {
            return;
        }

        var form = options.Tools is { Count: > 0 } && !profile.SchemaWithTools ? StructuredOutput.Words : profile.StructuredOutput;
        if (form == StructuredOutput.JsonSchema)
        {
            return;
        }

        options.ResponseFormat = form == StructuredOutput.JsonObject ? ChatResponseFormat.Json : null;
        var wish = $"{Wish}\n{schema.GetRawText()}";
        if (messages is [{ } first, ..] && first.Role == ChatRole.System)
        {
            messages[0] = new ChatMessage(ChatRole.System, $"{first.Text}\n\n{wish}");
        }
        else
        {
            messages.Insert(0, new ChatMessage(ChatRole.System, wish));
        }
    }
}
