using System.Buffers;
using System.Reflection;
using System.Text.Json;

namespace Yggdrasil.Tools;

/// <summary>What a tool may be called: the characters that every provider accepts in a function name.</summary>
internal static class ToolName
{
    public const string Rule = "a name is 1 to 64 characters of a-z, 0-9 and _";

    private const string AsyncSuffix = "Async";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_");

    public static bool IsValid(string name) =>
        name is { Length: >= 1 and <= 64 } && !name.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>
    /// The method's name in snake case, without a trailing <c>Async</c>: <c>FindOrderAsync</c> → <c>find_order</c>.
    /// </summary>
    public static string From(MethodInfo method)
    {
        var name = method.Name;
        var isAsync = name.Length > AsyncSuffix.Length && name.EndsWith(AsyncSuffix, StringComparison.Ordinal);
        return JsonNamingPolicy.SnakeCaseLower.ConvertName(isAsync ? name[..^AsyncSuffix.Length] : name);
    }
}
