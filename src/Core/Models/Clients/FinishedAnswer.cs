using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Models.Prices;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Models.Clients;

/// <summary>Says of every vendor's answer in the same words how it ended, what it took of a prompt cache, and which of its calls cannot be made.</summary>
internal static class FinishedAnswer
{
    public static void Mend(ChatResponseUpdate update, WireCall call)
    {
        if (update.FinishReason is { } reason)
        {
            update.FinishReason = call.Refused ? WireFinishReasons.Refusal : WireFinishReasons.Of(reason.Value);
        }

        foreach (var content in update.Contents)
        {
            if (content is UsageContent usage && call.CacheWriteTokens is { } written)
            {
                (usage.Details.AdditionalCounts ??= [])[ModelPrice.Written] = written;
            }

            if (content is FunctionCallContent { Arguments: { } arguments } asked && arguments.Any(argument => HasHalf(argument.Key) || HasHalf(argument.Value)))
            {
                // No tool, store or provider takes half a character, and a guess at it would be another call.
                asked.Exception = new FormatException("The arguments hold half a surrogate pair.");
                asked.Arguments = new Dictionary<string, object?>();
            }
        }
    }

    private static bool HasHalf(object? value) => value switch
    {
        string text => !ReferenceEquals(LenientText.Mend(text), text),
        JsonElement element => LenientText.HasLoneSurrogate(JsonMarshal.GetRawUtf8Value(element)),
        _ => false,
    };
}
