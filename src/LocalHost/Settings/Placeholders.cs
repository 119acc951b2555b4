using System.Text.RegularExpressions;
using Yggdrasil.LocalHost.Hosting;

namespace Yggdrasil.LocalHost.Settings;

/// <summary><c>%Setting%</c> in a trigger's name or schedule.</summary>
internal static partial class Placeholders
{
    /// <exception cref="LocalHostException">A named setting is absent.</exception>
    public static string Resolve(string text, IConfiguration configuration) =>
        Placeholder.Replace(text, match =>
        {
            var setting = match.Groups[1].Value;
            return configuration[setting.Replace("__", ":", StringComparison.Ordinal)] is { Length: > 0 } value
                ? value
                : throw new LocalHostException($"{text} names the setting {setting}, which is not set.");
        });

    [GeneratedRegex("%([^%]+)%")]
    private static partial Regex Placeholder { get; }
}
