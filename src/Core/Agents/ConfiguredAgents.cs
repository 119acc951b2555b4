using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Agents.Files;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Agents;

/// <summary>The agents that the app itself defines, in settings, code and files: visible to everyone, read-only.</summary>
public sealed class ConfiguredAgents
{
    public const string Section = "Agents";

    private readonly IReadOnlyList<IAgentSource> _sources;
    private readonly AgentValidator _validator;
    private readonly TimeProvider _time;
    private volatile FrozenDictionary<string, Agent> _agents = FrozenDictionary<string, Agent>.Empty;

    /// <exception cref="OptionsValidationException">A definition is not valid; every problem is named with its place.</exception>
    internal ConfiguredAgents(IEnumerable<IAgentSource> sources, AgentValidator validator, TimeProvider time)
    {
        (_sources, _validator, _time) = ([.. sources], validator, time);
        Reload();
    }

    /// <summary>Setting <c>Agents__AllowedModels</c>: what callers may choose from for agents that say nothing of it themselves.</summary>
    public IReadOnlyList<string> AllowedModels { get; private set; } = [];

    public IEnumerable<Agent> All => _agents.Values.OrderBy(agent => agent.Id, StringComparer.Ordinal);

    /// <summary>When agents are to be run, as their files say.</summary>
    internal IReadOnlyList<AgentTimer> Timers { get; private set; } = [];

    public Agent? Find(string agentId) => _agents.GetValueOrDefault(agentId);

    /// <summary>Reads all sources again. What has changed gets a new version.</summary>
    /// <exception cref="OptionsValidationException">A definition is not valid; every problem is named with its place, and the agents stay as they were.</exception>
    internal void Reload()
    {
        List<string> problems = [];
        var declared = _sources.SelectMany(source => source.Read(problems)).ToList();
        Dictionary<string, AgentDeclaration> byId = new(StringComparer.Ordinal);
        foreach (var agent in declared)
        {
            var errors = new FieldErrors();
            _validator.Validate(agent.Definition, errors);
            errors.Require(Ids.IsValid(agent.Id), "id", "Must be [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
            errors.Require(
                !Ids.IsValid(agent.Id) || byId.TryAdd(agent.Id, agent), "id", $"\"{agent.Id}\" is defined already, in {byId.GetValueOrDefault(agent.Id)?.Place}.");
            problems.AddRange(errors.Lines.Select(agent.Locate));
        }

        List<string> allowed = [.. _sources.SelectMany(source => source.AllowedModels)];
        var wrong = new FieldErrors();
        foreach (var (index, model) in allowed.Index())
        {
            _validator.ValidateModel(model, $"{Section}__AllowedModels__{index.ToString(CultureInfo.InvariantCulture)}", wrong);
        }

        problems.AddRange(wrong.Lines);
        problems.AddRange(declared.SelectMany(agent => MissingAgents(agent, byId)));
        if (problems.Count > 0)
        {
            throw new OptionsValidationException(Section, typeof(ConfiguredAgents), problems);
        }

        AllowedModels = allowed;
        var now = _time.GetUtcNow();
        _agents = byId.Values.Select(agent => ToAgent(agent, now)).ToFrozenDictionary(agent => agent.Id, StringComparer.Ordinal);
        Timers = [.. byId.Values.Select(agent => agent.Timer).OfType<AgentTimer>()];
    }

    /// <remarks>Settings may name agents that each user has to have; for those the run says what is missing.</remarks>
    private static IEnumerable<string> MissingAgents(AgentDeclaration agent, Dictionary<string, AgentDeclaration> byId) => agent.Definition.Tools.Index()
        .Where(tool => agent.By != ConfiguredBy.Settings && DelegateNames.IsDelegate(tool.Item) && !byId.ContainsKey(DelegateNames.IdOf(tool.Item)))
        .Take(AgentValidator.MaxTools)
        .Select(tool => agent.Locate($"tools[{tool.Index}]: There is no agent \"{DelegateNames.IdOf(tool.Item)}\" in the configuration."));

    private Agent ToAgent(AgentDeclaration declared, DateTimeOffset now)
    {
        var before = _agents.GetValueOrDefault(declared.Id);
        return before is not null && Text(before.Definition) == Text(declared.Definition)
            ? before with { ConfiguredBy = declared.By }
            : new Agent(
                declared.Id, declared.Definition, (before?.Version ?? 0) + 1, null, AgentSource.Configuration, before?.CreatedAt ?? now, now, default)
            {
                ConfiguredBy = declared.By,
            };
    }

    // Two definitions with equal lists are two lists to the record.
    private static string Text(AgentDefinition definition) => JsonSerializer.Serialize(definition);
}
