using System.ComponentModel;
using System.Globalization;
using Yggdrasil.Agents.Files;
using Yggdrasil.Tools;

namespace Yggdrasil.Agents.Skills;

/// <summary>Reads the skills of the run's agent.</summary>
public sealed class SkillTool(SkillCatalog skills)
{
    /// <summary>Characters of one answer: with what is said around them no more than a model is shown of a result.</summary>
    internal const int PageLength = 15_000;

    /// <exception cref="ToolException">There is no such skill for this agent, or no such file in it.</exception>
    [AgentTool(Name = SkillCatalog.Tool, Idempotent = true, TimeoutSeconds = 10)]
    [Description("Reads a skill: its text, or a file that belongs to it.")]
    public string Read(
        ToolContext context,
        [Description("The skill's name")] string skill,
        [Description("A file of the skill, as its text names it; empty for the text itself")] string file = "",
        [Description("The character to begin at, when an answer said that there is more")] int offset = 0)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(skill);
        ArgumentNullException.ThrowIfNull(file);
        if (!context.Skills.Contains(skill, StringComparer.Ordinal) || !skills.TryGet(skill, out var found))
        {
            throw new ToolException(context.Skills.Count == 0 ? "You have no skills." : $"There is no such skill. Your skills: {string.Join(", ", context.Skills)}.");
        }

        return Page(file.Length == 0 ? found.Body + ListFiles(found) : ReadFile(found, file), offset);
    }

    private static string ListFiles(Skill skill) =>
        skill.Files.Count == 0 ? "" : $"\n\nFiles of this skill: {string.Join(", ", skill.Files.Keys.Order(StringComparer.Ordinal))}.";

    private static string ReadFile(Skill skill, string file)
    {
        if (!skill.Files.TryGetValue(file, out var found))
        {
            throw new ToolException($"There is no such file.{ListFiles(skill)}");
        }

        var (text, problem) = AppFolder.Read(found, SkillFiles.MaxFileBytes);
        return text ?? throw new ToolException(problem!);
    }

    private static string Page(string text, int offset)
    {
        if (offset < 0 || offset > text.Length)
        {
            throw new ToolException(string.Create(CultureInfo.InvariantCulture, $"offset must be between 0 and {text.Length}."));
        }

        var length = Math.Min(PageLength, text.Length - offset);
        var end = offset + length;
        if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
        {
            end--;
        }

        return end < text.Length
            ? string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(offset, end - offset)}\n[There is more: go on with offset {end} of {text.Length}.]")
            : text[offset..];
    }
}
