using System.Text.RegularExpressions;
using Microsoft.Extensions.FileProviders;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Foundation;

namespace Yggdrasil.Agents.Files;

/// <summary>The agents of the files <c>*.agent.md</c>.</summary>
internal sealed partial class AgentFiles(AppFolders folders, AgentFileReader reader) : IAgentSource
{
    /// <summary>The most files; more stop the start.</summary>
    public const int MaxFiles = 200;

    private const string Suffix = ".agent.md";

    /// <summary>A file without a name of its own, as a folder with a single agent has it.</summary>
    private const string SingleFile = "agent.md";

    private const string SingleId = "main";

    public IEnumerable<AgentDeclaration> Read(ICollection<string> problems)
    {
        var files = folders.Agents.List().Where(IsAgent).Take(MaxFiles + 1).ToList();
        if (files.Count > MaxFiles)
        {
            problems.Add($"{folders.Agents.Name}: There may be at most {MaxFiles} agents.");
            return [];
        }

        var ids = files.Select(file => IdOf(file.Name)).ToList();
        return [.. files.Zip(ids, (file, id) => ReadFile(file, id, ids, problems)).OfType<AgentDeclaration>()];
    }

    /// <summary>The id as the files of other runtimes refer to it: with nothing but letters, digits and underscores.</summary>
    public static string SlugOf(string id) => NotInSlug.Replace(id, "_").Trim('_');

    private static bool IsAgent(IFileInfo file) =>
        !file.IsDirectory
        && (file.Name.EndsWith(Suffix, StringComparison.OrdinalIgnoreCase) || file.Name.Equals(SingleFile, StringComparison.OrdinalIgnoreCase));

    private static string IdOf(string file)
    {
        if (file.Length <= Suffix.Length)
        {
            return SingleId;
        }

        var stem = file[..^Suffix.Length];
        return Ids.IsValid(stem) ? stem : SlugOf(stem);
    }

    private AgentDeclaration? ReadFile(IFileInfo file, string id, IReadOnlyList<string> ids, ICollection<string> problems)
    {
        var faults = new FileFaults($"{folders.Agents.Name}/{file.Name}", problems);
        var (text, problem) = AppFolder.Read(file, FrontMatter.MaxBytes);
        if (text is null)
        {
            faults.Add(1, problem!);
            return null;
        }

        return reader.Read(id, text, ids, faults);
    }

    [GeneratedRegex("[^A-Za-z0-9_]")]
    private static partial Regex NotInSlug { get; }
}
