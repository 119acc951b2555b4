using System.IO.Enumeration;
using Yggdrasil.Models.Configuration;

namespace Yggdrasil.Models.Profiles;

/// <summary>Finds the profile that holds for a provider, and for one of its models.</summary>
internal static class ProviderProfiles
{
    /// <summary>The profile of a provider before its settings.</summary>
    /// <param name="name">The provider's name; a known one of the right type has its own profile.</param>
    /// <param name="like">Whose profile the settings say it has; null where they do not say.</param>
    public static ProviderProfile Of(string name, ProviderType type, string? like = null) =>
        BuiltInProfiles.Find(like ?? name) is { } known && (like is not null || Fits(known.Name, type))
            ? known
            : type switch
            {
                ProviderType.OpenAI => BuiltInProfiles.Find("openai")!,
                ProviderType.Azure => BuiltInProfiles.Find("azure")!,
                ProviderType.Anthropic => BuiltInProfiles.Find("anthropic")!,
                ProviderType.Ollama => BuiltInProfiles.Find("ollama")!,
                _ => BuiltInProfiles.Unknown,
            };

    /// <summary>What holds for one model.</summary>
    public static ProviderProfile For(this ProviderProfile profile, string model)
    {
        foreach (var candidate in profile.Models)
        {
            if (FileSystemName.MatchesSimpleExpression(candidate.Pattern, model, ignoreCase: true))
            {
                return candidate.Profile;
            }
        }

        return profile;
    }

    /// <summary>A provider of a known name may speak another wire format than the one that its profile is about.</summary>
    private static bool Fits(string name, ProviderType type) => type switch
    {
        ProviderType.OpenAI => name == "openai",
        ProviderType.Azure => name == "azure",
        ProviderType.Anthropic => name == "anthropic",
        ProviderType.Ollama => name == "ollama",
        _ => name is not ("openai" or "azure" or "anthropic" or "ollama"),
    };
}
