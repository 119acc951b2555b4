using System.Text;
using System.Text.Json;
using Yggdrasil.Agents.Skills;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Foundation.Schemas;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Models;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Storage.Due;
using Yggdrasil.Tools;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Agents;

/// <summary>The rules of an agent definition, for requests and for the configuration alike.</summary>
/// <param name="mcp">The MCP servers; null where there are none.</param>
/// <param name="skills">The skills; null where there are none.</param>
public sealed class AgentValidator(
    IModelProviders models, ToolCatalog tools, NotificationOptions notifications, McpEntries? mcp = null, SkillCatalog? skills = null)
{
    private const int MaxInstructionBytes = 32 * 1024;
    private const int MaxDescriptionLength = 1024;
    /// <summary>The most tools that an agent may have, and the most of them that need approval.</summary>
    public const int MaxTools = 64;

    /// <summary>The most models that are asked when an agent's first one fails.</summary>
    public const int MaxFallbacks = 8;

    /// <summary>The most models that callers may choose from.</summary>
    public const int MaxAllowedModels = 64;

    /// <summary>The most users and roles that may decide about an agent's calls.</summary>
    public const int MaxApprovers = 64;

    /// <summary>The most skills that an agent may have.</summary>
    public const int MaxSkills = 64;

    private const int MaxTurns = 200;
    private const int MaxSchemaBytes = 64 * 1024;
    private const int MaxToolCalls = 1000;
    private const int MaxDeadlineSeconds = 7 * 24 * 3600;

    /// <param name="prefix">Put before each field's name, for callers that validate more than one definition.</param>
    public void Validate(AgentDefinition agent, FieldErrors errors, string prefix = "")
    {
        ValidateModel(agent.Model, prefix + "model", errors);
        foreach (var (index, model) in Bounded(agent.Fallbacks, MaxFallbacks, prefix + "fallbacks", errors))
        {
            ValidateModel(model, $"{prefix}fallbacks[{index}]", errors);
        }

        foreach (var (index, model) in Bounded(agent.AllowedModels, MaxAllowedModels, prefix + "allowedModels", errors))
        {
            ValidateModel(model, $"{prefix}allowedModels[{index}]", errors);
        }

        errors.Require((agent.Description?.Length ?? 0) <= MaxDescriptionLength, prefix + "description", $"At most {MaxDescriptionLength} characters.");
        errors.Require(Encoding.UTF8.GetByteCount(agent.Instructions ?? "") <= MaxInstructionBytes, prefix + "instructions", "At most 32 KiB of UTF-8.");
        ValidateTools(agent, prefix, errors);
        errors.Require(
            agent.Notify is null || notifications.Channels.ContainsKey(agent.Notify), prefix + "notify",
            notifications.Channels.Count == 0
                ? "There is no channel: an operator sets Notifications__Channels__<name>__Type and __Url."
                : $"There is no such channel. Channels: {string.Join(", ", notifications.Channels.Keys.Order(StringComparer.Ordinal))}.");
        ValidateSkills(agent, prefix, errors);
        errors.Require(agent.MaxTurns is >= 1 and <= MaxTurns, prefix + "maxTurns", $"Must be between 1 and {MaxTurns}.");
        ValidateDeadline(agent.DeadlineSeconds, prefix + "deadlineSeconds", errors);
        ValidateSampling(agent.Temperature, agent.MaxOutputTokens, agent.MaxToolCalls, errors, prefix);
        ValidateSchema(agent.ResponseSchema, prefix + "responseSchema", errors);
        errors.Require(agent.Cache is null or { TtlSeconds: >= 1 and <= 86_400 }, prefix + "cache.ttlSeconds", "Must be between 1 and 86400.");
        ValidateContext(agent.Context, prefix, errors);
        errors.Require(agent.RetentionDays is null or (>= 0 and <= RetentionOptions.MaxDays), prefix + "retentionDays", $"Must be between 0 and {RetentionOptions.MaxDays}.");
    }

    /// <summary>The rule of a schema for answers, an agent's or a run's own.</summary>
    public static void ValidateSchema(JsonElement? schema, string field, FieldErrors errors)
    {
        if (schema is not { } given)
        {
            return;
        }

        var text = given.GetRawText();
        if (given.ValueKind != JsonValueKind.Object)
        {
            errors.Add(field, "Must be a JSON schema: an object.");
        }
        else if (Encoding.UTF8.GetByteCount(text) > MaxSchemaBytes)
        {
            errors.Add(field, $"At most {MaxSchemaBytes / 1024} KiB of UTF-8.");
        }
        else if (SchemaKeywords.FindFault(given) is { } fault)
        {
            errors.Add(field, fault);
        }
        else
        {
            errors.Require(
                ValueSchema.Read(text, SchemaWords.Answer) is { IsBounded: true }, field,
                "Cannot be read as a JSON schema. Types are JSON's, a $ref leads to a part of the schema itself and not round in circles, a pattern needs no backtracking, and there are no patternProperties.");
        }
    }

    private static void ValidateContext(ContextPolicy? context, string prefix, FieldErrors errors) =>
        errors.Require(context is null or { MaxTokens: >= 256 and <= 2_000_000 }, prefix + "context.maxTokens", "Must be between 256 and 2000000.");

    /// <summary>The rule of a run's own <c>maxTurns</c>, which may only lower the agent's.</summary>
    public static void ValidateMaxTurns(int? maxTurns, AgentDefinition agent, FieldErrors errors) =>
        errors.Require(maxTurns is null || (maxTurns >= 1 && maxTurns <= agent.MaxTurns), "maxTurns", $"Must be between 1 and the agent's {agent.MaxTurns}.");

    /// <summary>The rules of what an agent, or one run, sets for each model call, and of how many tool calls there may be.</summary>
    public static void ValidateSampling(float? temperature, int? maxOutputTokens, int? maxToolCalls, FieldErrors errors, string prefix = "")
    {
        errors.Require(temperature is null or (>= 0 and <= 2), prefix + "temperature", "Must be between 0 and 2.");
        errors.Require(maxOutputTokens is null or (>= 1 and <= 1_000_000), prefix + "maxOutputTokens", "Must be between 1 and 1000000.");
        errors.Require(maxToolCalls is null or (>= 0 and <= MaxToolCalls), prefix + "maxToolCalls", $"Must be between 0 and {MaxToolCalls}.");
    }

    public static void ValidateDeadline(int? seconds, string field, FieldErrors errors) =>
        errors.Require(seconds is null or (>= 1 and <= MaxDeadlineSeconds), field, $"Must be between 1 and {MaxDeadlineSeconds}.");

    /// <summary>The rule of a model's name: its provider is known.</summary>
    public void ValidateModel(string? text, string field, FieldErrors errors)
    {
        if (!ModelId.TryParse(text, out var model))
        {
            errors.Add(field, "Write provider:model, for example \"openai:gpt-4.1\".");
        }
        else if (!models.Knows(model))
        {
            errors.Add(field, $"There is no provider \"{model.Provider}\". Providers: {string.Join(", ", models.ProviderNames.Order())}.");
        }
    }

    private void ValidateDelegate(string name, string field, FieldErrors errors)
    {
        var id = DelegateNames.IdOf(name);
        errors.Require(
            Ids.IsValid(id) && id.Length <= DelegateNames.MaxIdLength, field, $"Write agent:<id>, of an agent of yours whose id has at most {DelegateNames.MaxIdLength} characters.");
        errors.Require(!tools.TryGet(DelegateNames.NameOf(name), out _), field, $"Models would take it for the tool \"{DelegateNames.NameOf(name)}\".");
    }

    private void ValidateTools(AgentDefinition agent, string prefix, FieldErrors errors)
    {
        HashSet<string> named = new(StringComparer.Ordinal);
        foreach (var (index, name) in Bounded(agent.Tools, MaxTools, prefix + "tools", errors))
        {
            var field = $"{prefix}tools[{index}]";
            if (DelegateNames.IsDelegate(name))
            {
                ValidateDelegate(name, field, errors);
            }
            else if (McpNames.IsMcp(name))
            {
                var fault = mcp is null ? "There are no MCP servers." : mcp.FaultOf(name);
                errors.Require(fault is null, field, fault ?? "");
            }
            else
            {
                errors.Require(tools.TryGet(name, out _), field, $"There is no tool \"{name}\". GET /api/tools lists them.");
            }

            errors.Require(named.Add(name), field, $"\"{name}\" is named twice.");
        }

        foreach (var (index, name) in Bounded(agent.Approvals, MaxTools, prefix + "approvals", errors))
        {
            errors.Require(
                named.Contains(name) || (McpNames.Parse(name) is { Tool: not null } tool && named.Contains(McpNames.Listed(tool.Server))),
                $"{prefix}approvals[{index}]", $"\"{name}\" is not among the agent's tools.");
        }

        foreach (var (index, approver) in Bounded(agent.Approvers, MaxApprovers, prefix + "approvers", errors))
        {
            errors.Require(Approver.TryParse(approver, out _), $"{prefix}approvers[{index}]", Approver.Rule);
        }
    }

    private void ValidateSkills(AgentDefinition agent, string prefix, FieldErrors errors)
    {
        HashSet<string> named = new(StringComparer.Ordinal);
        foreach (var (index, name) in Bounded(agent.Skills, MaxSkills, prefix + "skills", errors))
        {
            var field = $"{prefix}skills[{index}]";
            errors.Require(skills?.TryGet(name, out _) == true, field, $"There is no skill \"{name}\". {KnownSkills}");
            errors.Require(named.Add(name), field, $"\"{name}\" is named twice.");
        }
    }

    private string KnownSkills => skills?.All.Any() == true ? $"Skills: {string.Join(", ", skills.All.Select(skill => skill.Name))}." : "This app has none.";

    /// <summary>The items of a list that is not too long; of one that is, none.</summary>
    private static IEnumerable<(int Index, string Item)> Bounded(IReadOnlyList<string> list, int most, string field, FieldErrors errors)
    {
        errors.Require(list.Count <= most, field, $"At most {most} items.");
        return list.Count <= most ? list.Index() : [];
    }
}
