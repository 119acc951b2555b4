using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Models.Profiles;

/// <summary>Reads <c>Providers__name__Profile__…</c>.</summary>
/// <param name="section">The section <c>Profile</c> of one provider.</param>
/// <param name="report">Told of each setting that is wrong, and what it must be.</param>
internal sealed class ProfileSettings(IConfigurationSection section, Action<string, string> report)
{
    internal static readonly string[] KnownSettings = [.. typeof(ProfileOptions).GetProperties().Select(property => property.Name)];

    public IEnumerable<string> Unknown() =>
        section.GetChildren().Where(child => !KnownSettings.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
            .Select(child => SettingNames.Unknown(section.Path, child.Key, KnownSettings));

    public ProfileOptions Read() => new()
    {
        Like = OneOf(nameof(ProfileOptions.Like), [.. BuiltInProfiles.All.Select(profile => profile.Name)]),
        MaxTokensField = OneOf(nameof(ProfileOptions.MaxTokensField), ProfileOptions.MaxTokensFields),
        RefusedFields = ListOf(nameof(ProfileOptions.RefusedFields), ProfileOptions.Refusable) is { } fields ? string.Join(',', fields) : null,
        RefusedOrders = Orders(),
        StructuredOutput = Value<StructuredOutput>(nameof(ProfileOptions.StructuredOutput)),
        SchemaWithTools = OneOf(nameof(ProfileOptions.SchemaWithTools), ["true", "false"]) is { } flag ? flag == "true" : null,
        ReturnedReasoning = Value<ReturnedReasoning>(nameof(ProfileOptions.ReturnedReasoning)),
        PromptCaching = Value<PromptCaching>(nameof(ProfileOptions.PromptCaching)),
        EffortForm = Value<EffortForm>(nameof(ProfileOptions.EffortForm)),
        ContextTokens = Tokens(),
    };

    /// <summary>How a value is written in settings and in docs/providers.md.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static Dictionary<string, T> Names<T>()
        where T : struct, Enum => Enum.GetValues<T>().ToDictionary(NameOf, value => value, StringComparer.OrdinalIgnoreCase);

    private T? Value<T>(string setting)
        where T : struct, Enum
    {
        var names = Names<T>();
        return OneOf(setting, [.. names.Keys]) is { } name ? names[name] : null;
    }

    private RefusedOrders? Orders()
    {
        var names = Names<RefusedOrders>();
        return ListOf(nameof(ProfileOptions.RefusedOrders), [.. names.Keys])?
            .Aggregate(RefusedOrders.None, (orders, name) => orders | names[name]);
    }

    private string? OneOf(string setting, string[] allowed)
    {
        if (section[setting]?.Trim() is not { Length: > 0 } text)
        {
            return null;
        }

        if (allowed.FirstOrDefault(value => string.Equals(value, text, StringComparison.OrdinalIgnoreCase)) is { } known)
        {
            return known;
        }

        report($"Profile__{setting}", $"must be one of {string.Join(", ", allowed)}");
        return null;
    }

    private string[]? ListOf(string setting, string[] allowed)
    {
        if (section[setting]?.Trim() is not { Length: > 0 } text)
        {
            return null;
        }

        var values = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(value => value.ToLowerInvariant()).ToArray();
        if (values.All(value => value == "none" || allowed.Contains(value)))
        {
            return values;
        }

        report($"Profile__{setting}", $"must be none or a list, separated by commas, of {string.Join(", ", allowed.Where(value => value != "none"))}");
        return null;
    }

    private int? Tokens()
    {
        if (section[nameof(ProfileOptions.ContextTokens)] is not { Length: > 0 } text)
        {
            return null;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var tokens) && tokens is >= 512 and <= 2_000_000)
        {
            return tokens;
        }

        report($"Profile__{nameof(ProfileOptions.ContextTokens)}", "must be a whole number from 512 to 2000000");
        return null;
    }
}
