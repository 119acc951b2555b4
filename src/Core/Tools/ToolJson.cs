using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Yggdrasil.Tools;

/// <summary>
/// How arguments and results of tools are written: camel case, enums by name, no needless escapes or spaces.
/// </summary>
internal static class ToolJson
{
    /// <summary>What Microsoft.Extensions.AI writes, less the indentation: the model pays for every space.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(AIJsonUtilities.DefaultOptions) { WriteIndented = false };
        options.MakeReadOnly();
        return options;
    }
}
