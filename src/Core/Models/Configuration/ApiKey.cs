namespace Yggdrasil.Models.Configuration;

internal static class ApiKey
{
    /// <summary>Whether <paramref name="key"/> can stand in a header.</summary>
    public static bool IsValid(string key) => key.All(character => character is > ' ' and < '\x7f');
}
