using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.Extensions.Options;

namespace Yggdrasil.Agents.Skills;

/// <summary>Every skill that agents may name.</summary>
public sealed class SkillCatalog
{
    /// <summary>The tool by which a model reads a skill. An agent with skills has it.</summary>
    public const string Tool = "read_skill";

    private readonly SkillFiles? _files;
    private volatile FrozenDictionary<string, Skill> _skills = FrozenDictionary<string, Skill>.Empty;
    private List<string> _problems = [];

    /// <remarks>Mistakes are not thrown, so that those of the agents are named in the same start: see <see cref="Validate"/>.</remarks>
    internal SkillCatalog(SkillFiles? files = null)
    {
        _files = files;
        Load();
    }

    /// <summary>All skills, in order of their names.</summary>
    public IEnumerable<Skill> All => _skills.Values.OrderBy(skill => skill.Name, StringComparer.Ordinal);

    /// <summary>Finds a skill by its exact name.</summary>
    public bool TryGet(string name, [MaybeNullWhen(false)] out Skill skill) => _skills.TryGetValue(name, out skill);

    /// <summary>Reads the folders again.</summary>
    /// <exception cref="OptionsValidationException">A skill is not valid; the skills stay as they were.</exception>
    internal void Reload()
    {
        Load();
        Validate();
    }

    /// <exception cref="OptionsValidationException">A skill is not valid; each problem is named with file and line.</exception>
    internal void Validate()
    {
        if (_problems.Count > 0)
        {
            throw new OptionsValidationException(AgentFileOptions.Section, typeof(SkillCatalog), _problems);
        }
    }

    /// <summary>What a model is told of the skills of its agent, after its instructions.</summary>
    internal string? Describe(IReadOnlyList<string> names)
    {
        var text = new StringBuilder();
        foreach (var name in names)
        {
            if (TryGet(name, out var skill))
            {
                text.Append('\n').Append("- ").Append(skill.Name).Append(": ").Append(skill.Description.ReplaceLineEndings(" "));
            }
        }

        return text.Length > 0 ? $"# Skills\nBefore you do what a skill is for, read it with {Tool}.{text}" : null;
    }

    private void Load()
    {
        List<string> problems = [];
        var read = _files?.Read(problems).ToList() ?? [];
        _problems = problems;
        if (problems.Count == 0 || _skills.Count == 0)
        {
            _skills = read.ToFrozenDictionary(skill => skill.Name, StringComparer.Ordinal);
        }
    }
}
