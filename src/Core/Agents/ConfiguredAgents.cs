using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Yggdrasil.Problems;

namespace Yggdrasil.Agents;

/// <summary>The agents of the app's configuration, section <c>Agents</c>: visible to everyone, read-only.</summary>
public sealed class ConfiguredAgents
{
    public const string Section = "Agents";

    private readonly Dictionary<string, Agent> _agents = new(StringComparer.Ordinal);

    /// <exception cref="OptionsValidationException">A definition is not valid; every problem is named with its setting.</exception>
    public ConfiguredAgents(IConfiguration configuration, AgentValidator validator, TimeProvider time)
    {
        var errors = new FieldErrors();
        var now = time.GetUtcNow();
        foreach (var section in configuration.GetSection(Section).GetChildren())
        {
            var prefix = $"{Section}__{section.Key}__";
            var id = section["Id"];
            errors.Require(Ids.IsValid(id), prefix + "Id", "Must be [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
            if (section.Get<ConfiguredAgent>() is { } settings && id is not null)
            {
                var definition = settings.ToDefinition();
                validator.Validate(definition, errors, prefix);
                errors.Require(
                    _agents.TryAdd(id, new Agent(id, definition, 1, null, AgentSource.Configuration, now, now, default)),
                    prefix + "Id", $"\"{id}\" is defined twice.");
            }
        }

        if (errors.Lines.ToList() is { Count: > 0 } problems)
        {
            throw new OptionsValidationException(Section, typeof(ConfiguredAgents), problems);
        }
    }

    public IEnumerable<Agent> All => _agents.Values.OrderBy(agent => agent.Id, StringComparer.Ordinal);

    public Agent? Find(string agentId) => _agents.GetValueOrDefault(agentId);

    /// <summary>An agent as configuration binds it, which needs settable properties.</summary>
    private sealed class ConfiguredAgent
    {
        public string Model { get; set; } = "";
        public List<string> Fallbacks { get; set; } = [];
        public string? Description { get; set; }
        public string? Instructions { get; set; }
        public List<string> Tools { get; set; } = [];
        public List<string> Approvals { get; set; } = [];
        public List<string> Approvers { get; set; } = [];
        public int? MaxTurns { get; set; }
        public int? MaxToolCalls { get; set; }
        public int? DeadlineSeconds { get; set; }
        public float? Temperature { get; set; }
        public int? MaxOutputTokens { get; set; }
        public RedactionMode Redaction { get; set; }

        public AgentDefinition ToDefinition()
        {
            var defaults = new AgentDefinition { Model = Model };
            return defaults with
            {
                Fallbacks = Fallbacks,
                Description = Description,
                Instructions = Instructions,
                Tools = Tools,
                Approvals = Approvals,
                Approvers = Approvers,
                MaxTurns = MaxTurns ?? defaults.MaxTurns,
                MaxToolCalls = MaxToolCalls ?? defaults.MaxToolCalls,
                DeadlineSeconds = DeadlineSeconds ?? defaults.DeadlineSeconds,
                Temperature = Temperature,
                MaxOutputTokens = MaxOutputTokens,
                Redaction = Redaction,
            };
        }
    }
}
