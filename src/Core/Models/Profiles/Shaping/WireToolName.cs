using System.Buffers;
using System.Text.RegularExpressions;

namespace Yggdrasil.Models.Profiles.Shaping;

/// <summary>The name of a called tool as providers take it: models make names up, and providers refuse to see those again.</summary>
internal static class WireToolName
{
    private const int MaxLength = 64;
    private const char Instead = '_';

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <param name="pattern">What names have to look like.</param>
    public static string Of(string name, string pattern)
    {
        var wire = name;
        if (wire.Length is 0 or > MaxLength || wire.AsSpan().ContainsAnyExcept(Allowed))
        {
            wire = string.Create(Math.Clamp(name.Length, 1, MaxLength), name, static (span, made) =>
            {
                for (var index = 0; index < span.Length; index++)
                {
                    span[index] = index < made.Length && Allowed.Contains(made[index]) ? made[index] : Instead;
                }
            });
        }

        return Regex.IsMatch(wire, pattern, RegexOptions.CultureInvariant) ? wire : $"{Instead}{wire[..Math.Min(wire.Length, MaxLength - 1)]}";
    }
}
