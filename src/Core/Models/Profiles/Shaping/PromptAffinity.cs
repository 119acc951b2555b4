using Microsoft.Extensions.AI;
using Yggdrasil.Foundation;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>
/// Which requests share a beginning, as an id on the options. It says where to look for a cached prompt and nothing of
/// what is asked, so keys of the response cache leave it out.
/// </summary>
internal static class PromptAffinity
{
    private const string Property = "promptAffinity";

    /// <param name="conversation">What belongs together, in the owner's own words: it is hashed before it leaves.</param>
    public static AdditionalPropertiesDictionary For(string partition, string conversation) => new() { [Property] = Ids.PromptCache(partition, conversation) };

    public static string? Of(ChatOptions? options) => options?.AdditionalProperties?.GetValueOrDefault(Property) as string;

    /// <summary>The same options without the id: the same instance where there is none.</summary>
    public static ChatOptions? Without(ChatOptions? options)
    {
        if (Of(options) is null)
        {
            return options;
        }

        var copy = options!.Clone();
        copy.AdditionalProperties!.Remove(Property);
        copy.AdditionalProperties = copy.AdditionalProperties.Count > 0 ? copy.AdditionalProperties : null;
        return copy;
    }
}
