using Microsoft.Extensions.FileProviders;

namespace Yggdrasil.Agents.Skills;

/// <summary>What an agent can read when it needs it: a folder with a <c>SKILL.md</c> in the format of agentskills.io.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Description">What it is for and when to use it: all that a model is told of it before it reads it.</param>
/// <param name="Body">The text of <c>SKILL.md</c>.</param>
public sealed record Skill(string Name, string Description, string Body)
{
    /// <summary>The other files, by their paths in the folder with <c>/</c> between.</summary>
    internal IReadOnlyDictionary<string, IFileInfo> Files { get; init; } = new Dictionary<string, IFileInfo>();
}
