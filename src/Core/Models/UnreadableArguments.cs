using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Storage;

namespace Yggdrasil.Models;

/// <summary>
/// Remembers that a model wrote arguments which are not JSON, or not such as can be stored: with half a surrogate pair, or nested
/// too deep. Microsoft.Extensions.AI keeps that as an exception on the content, which is not serialized, so the journal would
/// forget it and a resumed run would call the tool without arguments.
/// </summary>
internal static class UnreadableArguments
{
    /// <summary>Deeper than any tool takes, and such that what stores a call within other things stays within the serializer's 64.</summary>
    private const int MaxDepth = 48;

    private const string Mark = "unreadableArguments";

    private static readonly JsonSerializerOptions Options = new(StoredJson.Options) { MaxDepth = MaxDepth };

    /// <summary>Takes arguments that cannot be stored out of the calls among an answer's contents.</summary>
    public static void TakeOut(IList<AIContent> contents)
    {
        for (var index = 0; index < contents.Count; index++)
        {
            if (contents[index] is FunctionCallContent { Arguments: { } arguments } call && WhyNot(arguments) is { } failure)
            {
                contents[index] = new FunctionCallContent(call.CallId, call.Name)
                {
                    Exception = failure,
                    AdditionalProperties = call.AdditionalProperties,
                };
            }
        }
    }

    public static FunctionCallContent ToRecorded(FunctionCallContent call, string wireId) => new(wireId, call.Name, call.Arguments)
    {
        AdditionalProperties = call.Exception is null ? call.AdditionalProperties : new(call.AdditionalProperties ?? []) { [Mark] = true },
    };

    public static bool HasUnreadableArguments(this FunctionCallContent call) =>
        call.AdditionalProperties?.ContainsKey(Mark) == true;

    /// <returns>Null where they can be written and read again.</returns>
    private static Exception? WhyNot(IDictionary<string, object?> arguments)
    {
        try
        {
            // Elements that came ready-made are copied unread.
            using var read = JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes(arguments, Options), new JsonDocumentOptions { MaxDepth = MaxDepth });
            return null;
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException or ArgumentException or NotSupportedException)
        {
            return failure;
        }
    }
}
