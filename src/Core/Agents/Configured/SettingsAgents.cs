using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;

namespace Yggdrasil.Agents.Configured;

/// <summary>The agents of the section <c>Agents</c>.</summary>
internal sealed partial class SettingsAgents(IConfiguration configuration) : IAgentSource
{
    private const string AllowedModelsKey = "AllowedModels";

    public IReadOnlyList<string> AllowedModels => configuration.GetSection(ConfiguredAgents.Section).GetSection(AllowedModelsKey).Get<List<string>>() ?? [];

    public IEnumerable<AgentDeclaration> Read(ICollection<string> problems)
    {
        foreach (var section in configuration.GetSection(ConfiguredAgents.Section).GetChildren()
            .Where(section => !section.Key.Equals(AllowedModelsKey, StringComparison.OrdinalIgnoreCase)))
        {
            var shape = SettingsShape.Of(section, typeof(ConfiguredAgent));
            var settings = new ConfiguredAgent();
            shape.Bind(settings);
            foreach (var problem in shape.Problems)
            {
                problems.Add(problem);
            }

            var place = SettingNames.Of(section.Path);
            yield return new AgentDeclaration(settings.Id, settings.ToDefinition(), ConfiguredBy.Settings, place)
            {
                Locate = line => $"{place}__{AsSetting(line)}",
            };
        }
    }

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
        public List<string> AllowedModels { get; set; } = [];
        public string? Description { get; set; }
        public string? Instructions { get; set; }
        public List<string> Tools { get; set; } = [];
        public List<string> Skills { get; set; } = [];
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
                AllowedModels = AllowedModels,
                Description = Description,
                Instructions = Instructions,
                Tools = Tools,
                Skills = Skills,
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
