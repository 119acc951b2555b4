using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;

namespace Yggdrasil.Agents;

/// <summary>The agents of the app's configuration, section <c>Agents</c>: visible to everyone, read-only.</summary>
public sealed partial class ConfiguredAgents
{
    public const string Section = "Agents";

    private readonly Dictionary<string, Agent> _agents = new(StringComparer.Ordinal);

    /// <exception cref="OptionsValidationException">A definition is not valid; every problem is named with its setting.</exception>
    public ConfiguredAgents(IConfiguration configuration, AgentValidator validator, TimeProvider time)
    {
        List<string> problems = [];
        foreach (var section in configuration.GetSection(Section).GetChildren())
        {
            var errors = new FieldErrors();
            var shape = SettingsShape.Of(section, typeof(ConfiguredAgent));
            var settings = new ConfiguredAgent();
            shape.Bind(settings);
            var definition = settings.ToDefinition();
            validator.Validate(definition, errors);
            errors.Require(Ids.IsValid(settings.Id), nameof(settings.Id), "Must be [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
            var now = time.GetUtcNow();
            errors.Require(
                !Ids.IsValid(settings.Id)
                || _agents.TryAdd(settings.Id, new Agent(settings.Id, definition, 1, null, AgentSource.Configuration, now, now, default)),
                nameof(settings.Id), $"\"{settings.Id}\" is defined twice.");
            problems.AddRange(shape.Problems);
            problems.AddRange(errors.Lines.Select(line => $"{Section}__{section.Key}__{AsSetting(line)}"));
        }

        if (problems.Count > 0)
        {
            throw new OptionsValidationException(Section, typeof(ConfiguredAgents), problems);
        }
    }

    public IEnumerable<Agent> All => _agents.Values.OrderBy(agent => agent.Id, StringComparer.Ordinal);

    public Agent? Find(string agentId) => _agents.GetValueOrDefault(agentId);

    /// <summary>The path of a field, <c>tools[2]: …</c> or <c>cache.scope: …</c>, as the setting that gives it, <c>Tools__2: …</c>.</summary>
    private static string AsSetting(string line)
    {
        var named = IndexInPath.Replace(string.Concat(line[..1].ToUpperInvariant(), line.AsSpan(1)), "__$1:", count: 1);
        return MemberInPath.Replace(named, match => $"__{match.Groups[1].Value.ToUpperInvariant()}", count: 1);
    }

    [GeneratedRegex(@"(?<=^\w+)\[(\d+)\]:")]
    private static partial Regex IndexInPath { get; }

    [GeneratedRegex(@"(?<=^\w+)\.(\w)(?=\w*:)")]
    private static partial Regex MemberInPath { get; }

    /// <summary>An agent as configuration binds it, which needs settable properties.</summary>
    private sealed class ConfiguredAgent
    {
        public string Id { get; set; } = "";
        public string Model { get; set; } = "";
        public List<string> Fallbacks { get; set; } = [];
        public string? Description { get; set; }
        public string? Instructions { get; set; }
        public List<string> Tools { get; set; } = [];
        public List<string> Approvals { get; set; } = [];
        public List<string> Approvers { get; set; } = [];
        public string? Notify { get; set; }
        public ApprovalExpiry OnApprovalExpired { get; set; }
        public int? MaxTurns { get; set; }
        public int? MaxToolCalls { get; set; }
        public int? DeadlineSeconds { get; set; }
        public float? Temperature { get; set; }
        public int? MaxOutputTokens { get; set; }
        public EffortLevel? ReasoningEffort { get; set; }
        public ConfiguredCache? Cache { get; set; }
        public ConfiguredContext? Context { get; set; }
        public int? RetentionDays { get; set; }
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
                Notify = Notify,
                OnApprovalExpired = OnApprovalExpired,
                MaxTurns = MaxTurns ?? defaults.MaxTurns,
                MaxToolCalls = MaxToolCalls ?? defaults.MaxToolCalls,
                DeadlineSeconds = DeadlineSeconds ?? defaults.DeadlineSeconds,
                Temperature = Temperature,
                MaxOutputTokens = MaxOutputTokens,
                ReasoningEffort = ReasoningEffort,
                Cache = Cache is null ? null : new CachePolicy(Cache.TtlSeconds, Cache.Scope),
                Context = Context is null ? null : new ContextPolicy(Context.MaxTokens, Context.Strategy),
                RetentionDays = RetentionDays,
                Redaction = Redaction,
            };
        }
    }

    private sealed class ConfiguredContext
    {
        public int MaxTokens { get; set; } = ContextPolicy.DefaultMaxTokens;
        public ContextStrategy Strategy { get; set; }
    }

    private sealed class ConfiguredCache
    {
        public int TtlSeconds { get; set; }
        public CacheScope Scope { get; set; }
    }
}
