using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Storage;

/// <summary>Messages that come back from storage.</summary>
internal static class StoredMessages
{
    /// <summary>
    /// The messages as they were before they were stored. The result of a call is any object to Microsoft.Extensions.AI: a text comes
    /// back as JSON, and would reach the model in quotation marks, which is another prompt than the one before.
    /// </summary>
    public static List<ChatMessage> AsBefore(this List<ChatMessage> messages)
    {
        foreach (var result in messages.SelectMany(message => message.Contents).OfType<FunctionResultContent>())
        {
            if (result.Result is JsonElement { ValueKind: JsonValueKind.String } text)
            {
                result.Result = text.GetString();
            }
        }

        return messages;
    }
}
