using System.Globalization;

namespace Yggdrasil.Agents.Files;

/// <summary>What is wrong with one file, each entry with file and line: <c>agents/support.agent.md:7: …</c>.</summary>
/// <param name="File">The file as its reader knows it, with the folder's name.</param>
/// <param name="Problems">Gets the entries.</param>
internal sealed record FileFaults(string File, ICollection<string> Problems)
{
    public void Add(int line, string message) => Problems.Add(At(line, message));

    public string At(int line, string message) => string.Create(CultureInfo.InvariantCulture, $"{File}:{line}: {message}");
}
