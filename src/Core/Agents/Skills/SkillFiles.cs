using Microsoft.Extensions.FileProviders;
using Yggdrasil.Agents.Files;

namespace Yggdrasil.Agents.Skills;

/// <summary>Reads skills from their folders.</summary>
/// <remarks>
/// The files of a skill are listed here, once. What a model asks for is looked up in the list and never joined to a path, so that nothing it
/// writes leads out of the folder. Links are refused, which could lead out as well.
/// </remarks>
internal sealed class SkillFiles(AppFolders folders)
{
    public const int MaxSkills = 64;
    public const int MaxFiles = 64;
    public const int MaxFileBytes = 256 * 1024;

    private const string Main = "SKILL.md";
    private const int MaxDepth = 4;
    private const int MaxNameLength = 64;
    private const int MaxDescriptionLength = 1024;

    /// <summary>Reads all of them.</summary>
    /// <param name="problems">Gets what is wrong with them, a line each.</param>
    public IEnumerable<Skill> Read(ICollection<string> problems)
    {
        var found = folders.Skills.List().Where(entry => entry.IsDirectory).Take(MaxSkills + 1).ToList();
        if (found.Count > MaxSkills)
        {
            problems.Add($"{folders.Skills.Name}: There may be at most {MaxSkills} skills.");
            return [];
        }

        return [.. found.Select(folder => Read(folder, problems)).OfType<Skill>()];
    }

    private Skill? Read(IFileInfo folder, ICollection<string> problems)
    {
        var faults = new FileFaults($"{folders.Skills.Name}/{folder.Name}/{Main}", problems);
        var files = new Dictionary<string, IFileInfo>(StringComparer.Ordinal);
        if (Collect(folder, folder.Name, "", files, depth: 1) is { } problem)
        {
            faults.Add(1, problem);
            return null;
        }

        if (!files.Remove(Main, out var main))
        {
            faults.Add(1, "There is no such file: a skill is a folder that has it.");
            return null;
        }

        var (text, unreadable) = AppFolder.Read(main, FrontMatter.MaxBytes);
        if (text is null)
        {
            faults.Add(1, unreadable!);
            return null;
        }

        return FrontMatter.Parse(text, faults) is { } parsed ? ReadMain(folder.Name, parsed, faults) is { } skill ? skill with { Files = files } : null : null;
    }

    private static Skill? ReadMain(string folder, FrontMatter file, FileFaults faults)
    {
        var before = faults.Problems.Count;
        var fields = new YamlFields(file.Fields, faults, (text, _) => text);
        var (name, description) = (fields.Text("name"), fields.Text("description"));
        if (name is null || !IsName(name))
        {
            fields.Fault("name", $"Is required: 1 to {MaxNameLength} of a-z, 0-9 and single hyphens between them.");
        }
        else if (name != folder)
        {
            fields.Fault("name", $"Must be the name of its folder, {folder}.");
        }

        if (string.IsNullOrWhiteSpace(description) || description.Length > MaxDescriptionLength)
        {
            fields.Fault("description", $"Is required: 1 to {MaxDescriptionLength} characters that say what the skill is for and when to use it.");
        }

        // Of the format, and nothing to do for here: tools are those of the agent.
        foreach (var other in (string[])["license", "compatibility", "metadata", "allowed-tools"])
        {
            fields.Node(other);
        }

        fields.RejectOthers();
        return faults.Problems.Count == before ? new Skill(name!, description!.Trim(), file.Body) : null;
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength
        && name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character == '-')
        && !name.StartsWith('-') && !name.EndsWith('-') && !name.Contains("--", StringComparison.Ordinal);

    /// <returns>What is wrong; null where nothing is.</returns>
    private string? Collect(IFileInfo folder, string path, string prefix, Dictionary<string, IFileInfo> files, int depth)
    {
        if (IsLink(folder))
        {
            return $"{(prefix.Length > 0 ? $"{prefix}: " : "")}Links are not followed.";
        }

        if (depth > MaxDepth)
        {
            return $"{prefix}: At most {MaxDepth} folders in one another.";
        }

        foreach (var entry in folders.Skills.List(path))
        {
            var name = $"{prefix}{entry.Name}";
            var problem = entry.IsDirectory ? Collect(entry, $"{path}/{entry.Name}", $"{name}/", files, depth + 1)
                : IsLink(entry) ? $"{name}: Links are not followed."
                : entry.Length > MaxFileBytes ? $"{name}: A file has at most {MaxFileBytes / 1024} KiB."
                : files.Count > MaxFiles ? $"There may be at most {MaxFiles} files beside {Main}."
                : null;
            if (problem is not null)
            {
                return problem;
            }

            if (!entry.IsDirectory)
            {
                files[name] = entry;
            }
        }

        return null;
    }

    private static bool IsLink(IFileInfo entry) => entry.PhysicalPath is { } path && new FileInfo(path).LinkTarget is not null;
}
