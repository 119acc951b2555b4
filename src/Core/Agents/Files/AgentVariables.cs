using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace Yggdrasil.Agents.Files;

/// <summary>Puts settings in the place of <c>$NAME</c> and <c>%NAME%</c>; <c>$$NAME</c> and <c>%%NAME%%</c> stand for the text itself.</summary>
/// <remarks>
/// Definitions are shown to whoever may run the agent. So a variable is a setting of the app's author alone: not one of a section of this
/// product or of the host, which may be a key, and none whose name says that it is a secret.
/// </remarks>
internal sealed partial class AgentVariables(IConfiguration configuration)
{
    private const string CodeFence = "```";

    private static readonly string[] SecretWords = ["KEY", "SECRET", "TOKEN", "PASSWORD", "PWD", "CONNECTION", "CREDENTIAL"];

    /// <summary>Of one value.</summary>
    public string Expand(string text, int line, FileFaults faults) => Variable.Replace(text, match =>
    {
        if (match.Groups["escaped"].Success)
        {
            return match.Value.Replace("$$", "$", StringComparison.Ordinal).Replace("%%", "%", StringComparison.Ordinal);
        }

        var name = match.Groups["name"].Value;
        if (IsReserved(name))
        {
            faults.Add(line, $"\"{name}\" cannot be a variable: its name is that of a secret or of a setting of the host, and definitions of agents are shown to users.");
        }
        else if (configuration[name] is { } value)
        {
            return value;
        }
        else
        {
            faults.Add(line, $"There is no setting \"{name}\". Set it, or write {(match.Value[0] == '$' ? $"$${name}" : $"%%{name}%%")} for the text itself.");
        }

        return match.Value;
    });

    /// <summary>Of a text in Markdown: what it quotes as code stays as it is.</summary>
    public string ExpandText(string text, int firstLine, FileFaults faults)
    {
        var parts = text.Split(CodeFence);
        var line = firstLine;
        for (var index = 0; index < parts.Length; index++)
        {
            var (lines, first) = (parts[index].Split('\n'), line);
            line += lines.Length - 1;
            if (index % 2 == 0)
            {
                // Line by line, so that each mistake has its own.
                parts[index] = string.Join('\n', lines.Index().Select(part => Expand(part.Item, first + part.Index, faults)));
            }
        }

        return string.Join(CodeFence, parts);
    }

    private static bool IsReserved(string name) =>
        name.Contains("__", StringComparison.Ordinal)
        || name.StartsWith("AzureWebJobs", StringComparison.OrdinalIgnoreCase)
        || SecretWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase));

    [GeneratedRegex(@"(?<escaped>\$\$[A-Za-z_][A-Za-z0-9_]*|%%[A-Za-z_][A-Za-z0-9_]*%%)|\$(?<name>[A-Za-z_][A-Za-z0-9_]*)|%(?<name>[A-Za-z_][A-Za-z0-9_]*)%")]
    private static partial Regex Variable { get; }
}
