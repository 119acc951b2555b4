using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Models.Profiles;

namespace Yggdrasil.Models.Configuration;

/// <summary>Reads <c>Providers__name__…</c> over the built-in providers and collects what is wrong.</summary>
/// <remarks>
/// Not the configuration binder: it stops at the first value it cannot convert, names it <c>Providers:x:y</c>, which is
/// not how anybody set it, and puts the value in its message.
/// </remarks>
/// <param name="options">Where the providers and the problems go.</param>
/// <param name="hasVault">Whether API keys may come from a vault, later than the settings.</param>
/// <param name="custom">The names of the providers that the application registered in code.</param>
internal sealed partial class ProviderSettingsReader(ModelProvidersOptions options, bool hasVault, IReadOnlyCollection<string> custom)
{
    internal static readonly string[] KnownSettings =
    [
        "Type", "Endpoint", "ApiKey", nameof(ProviderOptions.TimeoutSeconds), nameof(ProviderOptions.FirstTokenSeconds),
        nameof(ProviderOptions.StreamSeconds), nameof(ProviderOptions.ConnectSeconds), nameof(ProviderOptions.MaxConcurrency),
        nameof(ProviderOptions.MaxQueue), nameof(ProviderOptions.MaxConnections), nameof(ProviderOptions.ConnectionLifetimeSeconds),
        nameof(ProviderOptions.KeepAliveSeconds), nameof(ProviderOptions.MaxAnswerKilobytes), nameof(ProviderOptions.RetryAttempts), nameof(ProviderOptions.BreakerFailures),
        nameof(ProviderOptions.BreakerSeconds), nameof(ProviderOptions.Profile),
    ];

    private static readonly Dictionary<string, ProviderType> ConfigurableTypes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["openai-compatible"] = ProviderType.OpenAICompatible,
        ["openai"] = ProviderType.OpenAI,
        ["azure"] = ProviderType.Azure,
        ["anthropic"] = ProviderType.Anthropic,
        ["ollama"] = ProviderType.Ollama,
    };

    public void Read(IConfigurationSection providers)
    {
        foreach (var builtIn in BuiltInProvider.All)
        {
            ReadProvider(providers.GetSection(builtIn.Name), builtIn.Name, builtIn);
        }

        foreach (var name in custom)
        {
            ReadProvider(providers.GetSection(name), name, builtIn: null);
        }

        var known = BuiltInProvider.All.Select(builtIn => builtIn.Name).Concat(custom).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var section in providers.GetChildren().Where(section => !known.Contains(section.Key)))
        {
            ReadProvider(section, section.Key, builtIn: null);
        }
    }

    /// <summary>Whether a text can be the name of a provider.</summary>
    public static bool IsName([NotNullWhen(true)] string? text) => text is not null && NamePattern.IsMatch(text);

    private void ReadProvider(IConfigurationSection section, string key, BuiltInProvider? builtIn)
    {
        if (!IsName(key))
        {
            Report(key, setting: null, "is no provider name: it must be of letters, digits, '-' and '_'");
            return;
        }

        foreach (var child in section.GetChildren().Where(child => !KnownSettings.Contains(child.Key, StringComparer.OrdinalIgnoreCase)))
        {
            options.Problems.Add(SettingNames.Unknown($"{ModelProvidersOptions.SectionName}:{key}", child.Key, KnownSettings));
        }

        var hasApiKey = ReadApiKey(section, key);
        if (ReadType(section, key, builtIn) is not { } type)
        {
            return;
        }

        var profile = ReadProfile(section, key);
        var patience = ProviderProfiles.Of(key, type, profile.Like).Timeouts;
        var timeout = ReadNumber(section, key, nameof(ProviderOptions.TimeoutSeconds), patience.Call, 1, 3600);
        var concurrency = ReadNumber(section, key, nameof(ProviderOptions.MaxConcurrency), 20, 1, 10_000);
        var provider = new ProviderOptions
        {
            Name = key.ToLowerInvariant(),
            Type = type,
            Profile = profile,
            Endpoint = type is ProviderType.Custom ? null : ReadEndpoint(section, key, builtIn?.Endpoint),
            RequiresApiKey = builtIn?.RequiresApiKey ?? type is ProviderType.Anthropic,
            TimeoutSeconds = timeout,
            FirstTokenSeconds = ReadNumber(
                section, key, nameof(ProviderOptions.FirstTokenSeconds), Math.Min(patience.FirstToken, timeout), 1, timeout, mostOf: nameof(ProviderOptions.TimeoutSeconds)),
            StreamSeconds = ReadNumber(section, key, nameof(ProviderOptions.StreamSeconds), patience.Stream, 1, 3600),
            ConnectSeconds = ReadNumber(section, key, nameof(ProviderOptions.ConnectSeconds), patience.Connect, 1, 60),
            MaxConcurrency = concurrency,
            MaxQueue = ReadNumber(section, key, nameof(ProviderOptions.MaxQueue), 1000, 0, 100_000),
            MaxConnections = ReadNumber(
                section, key, nameof(ProviderOptions.MaxConnections), concurrency + 1, concurrency, 20_000, leastOf: nameof(ProviderOptions.MaxConcurrency)),
            ConnectionLifetimeSeconds = ReadNumber(section, key, nameof(ProviderOptions.ConnectionLifetimeSeconds), 300, 10, 86_400),
            KeepAliveSeconds = ReadNumber(section, key, nameof(ProviderOptions.KeepAliveSeconds), 30, 1, 3600),
            MaxAnswerKilobytes = ReadNumber(section, key, nameof(ProviderOptions.MaxAnswerKilobytes), 4096, 1, 1_048_576),
            RetryAttempts = ReadNumber(section, key, nameof(ProviderOptions.RetryAttempts), 2, 0, 10),
            BreakerFailures = ReadNumber(section, key, nameof(ProviderOptions.BreakerFailures), 5, 2, 1000),
            BreakerSeconds = ReadNumber(section, key, nameof(ProviderOptions.BreakerSeconds), 30, 1, 3600),
        };
        if (type is ProviderType.Custom && section["Endpoint"] is not null)
        {
            Report(key, "Endpoint", "has no effect on a provider that is registered in code: remove it");
        }
        else if (type is not ProviderType.Custom && builtIn is null && provider.Endpoint is null && section["Endpoint"] is null)
        {
            Report(key, "Endpoint", "is missing: it must be the http or https address of the provider's API");
        }

        if (type is ProviderType.Azure && !hasApiKey && !hasVault && provider.Endpoint is { } endpoint
            && endpoint.Scheme != Uri.UriSchemeHttps)
        {
            Report(key, "Endpoint", "must be an https address where no ApiKey is set: tokens go over TLS only");
        }

        options.Providers[provider.Name] = provider;
    }

    private ProfileOptions ReadProfile(IConfigurationSection section, string key)
    {
        var settings = new ProfileSettings(
            section.GetSection(nameof(ProviderOptions.Profile)), (setting, problem) => Report(key, setting, problem));
        options.Problems.AddRange(settings.Unknown());
        return settings.Read();
    }

    private ProviderType? ReadType(IConfigurationSection section, string key, BuiltInProvider? builtIn)
    {
        var text = section["Type"];
        if (custom.Contains(key, StringComparer.OrdinalIgnoreCase))
        {
            if (text is not null)
            {
                Report(key, "Type", "has no effect on a provider that is registered in code: remove it, or give one of the two another name");
            }

            return ProviderType.Custom;
        }

        if (builtIn is not null && (text is null || string.Equals(text, builtIn.Name, StringComparison.OrdinalIgnoreCase)))
        {
            return builtIn.Type;
        }

        if (text is not null && ConfigurableTypes.TryGetValue(text, out var type)
            && (builtIn is null || builtIn.Type == type))
        {
            return type;
        }

        if (text is null && SettingNames.Closest(key, [.. BuiltInProvider.All.Select(provider => provider.Name)]) is { } meant)
        {
            Report(key, setting: null, $"is no built-in provider (did you mean {ModelProvidersOptions.SectionName}__{meant}?), and has no Type");
            return null;
        }

        var problem = text is null ? "is missing" : "is unknown or contradicts the built-in provider";
        var allowed = builtIn is null ? string.Join(", ", ConfigurableTypes.Keys) : "left out for a built-in provider";
        Report(key, "Type", $"{problem}: it must be {(builtIn is null ? "one of " : "")}{allowed}");
        return null;
    }

    private Uri? ReadEndpoint(IConfigurationSection section, string key, string? defaultEndpoint)
    {
        var text = section["Endpoint"] is { Length: > 0 } configured ? configured : defaultEndpoint;
        if (text is null)
        {
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var endpoint)
            && (endpoint.Scheme == Uri.UriSchemeHttp || endpoint.Scheme == Uri.UriSchemeHttps)
            && endpoint is { UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 })
        {
            return endpoint;
        }

        Report(key, "Endpoint", "must be an absolute http or https address without user, query or fragment");
        return null;
    }

    /// <summary>Only looks whether there is one and it is valid: its value is read when it is used.</summary>
    private bool ReadApiKey(IConfigurationSection section, string key)
    {
        var apiKey = section["ApiKey"]?.Trim();
        if (string.IsNullOrEmpty(apiKey))
        {
            return false;
        }

        if (!ApiKey.IsValid(apiKey))
        {
            Report(key, "ApiKey", "must be visible ASCII without spaces (its value is not shown)");
        }

        return true;
    }

    /// <param name="leastOf">The setting that <paramref name="least"/> is the value of, where it is one's.</param>
    /// <param name="mostOf">The setting that <paramref name="most"/> is the value of, where it is one's.</param>
    private int ReadNumber(
        IConfigurationSection section,
        string key,
        string setting,
        int defaultValue,
        int least,
        int most,
        string? leastOf = null,
        string? mostOf = null)
    {
        var text = section[setting];
        if (string.IsNullOrEmpty(text))
        {
            return defaultValue;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= least && number <= most)
        {
            return number;
        }

        Report(key, setting, $"must be a whole number from {Bound(least, leastOf)} to {Bound(most, mostOf)}");
        return defaultValue;
    }

    private static string Bound(int bound, string? setting) => setting is null ? $"{bound}" : $"{bound} ({setting})";

    private void Report(string key, string? setting, string problem) =>
        options.Problems.Add(
            $"{ModelProvidersOptions.SectionName}__{key}{(setting is null ? "" : "__" + setting)} {problem}.");

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern { get; }
}
