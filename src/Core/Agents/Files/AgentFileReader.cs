using System.Text.Json;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Agents.Skills;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;

namespace Yggdrasil.Agents.Files;

/// <summary>Reads an agent from its file: the fields of the Azure Functions agents runtime, and those of a definition here.</summary>
internal sealed class AgentFileReader(AgentFileOptions options, AgentVariables variables, AgentFileTools tools, SkillCatalog skills)
{
    private const int MaxNameLength = 128;
    private const string Model = "model";
    private const string Timeout = "timeout";

    /// <param name="id">The agent's, from the file's name.</param>
    /// <param name="ids">Those of all files, which this one may name as its subagents.</param>
    /// <returns>Null where the file has not the form of one; otherwise what could be read of it.</returns>
    public AgentDeclaration? Read(string id, string text, IReadOnlyList<string> ids, FileFaults faults)
    {
        if (FrontMatter.Parse(text, faults) is not { } file)
        {
            return null;
        }

        var substitute = new YamlFields(file.Fields, faults, (value, _) => value).Node("substitute_variables") is not { } node || YamlFields.AsFlag(node) != false;
        var fields = new YamlFields(file.Fields, faults, (value, line) => substitute ? variables.Expand(value, line, faults) : value);
        fields.Flag("substitute_variables");
        if (fields.Text("name") is not { Length: > 0 and <= MaxNameLength })
        {
            fields.Fault("name", $"Is required: 1 to {MaxNameLength} characters.");
        }

        var named = tools.Read(fields, id, ids);
        var definition = ReadFields(fields, named) with
        {
            Description = fields.Text("description"),
            Instructions = Nonempty(substitute ? variables.ExpandText(file.Body, file.BodyLine, faults) : file.Body),
            ResponseSchema = fields.Node("response_schema") is { } schema ? YamlJson.ToElement(schema) : null,
        };
        if (definition.Description is not { Length: > 0 })
        {
            fields.Fault("description", "Is required: what the agent does.");
        }

        definition = AgentFileFields.Read(fields, definition);
        var timer = AgentFileTrigger.Read(fields.Object("trigger"), id, options);
        fields.RejectOthers();
        return new AgentDeclaration(id, definition, ConfiguredBy.File, $"{faults.File}:1")
        {
            Timer = timer,
            Locate = line => Locate(line, fields, named, file.BodyLine, faults),
        };
    }

    private AgentDefinition ReadFields(YamlFields fields, NamedTools named)
    {
        var defaults = new AgentDefinition { Model = fields.Text(Model) ?? options.Model ?? "" };
        var deadline = fields.Number(Timeout);
        return defaults with
        {
            Fallbacks = Texts(fields, "fallbacks"),
            AllowedModels = Texts(fields, "allowed_models"),
            Tools = named.Tools,
            Skills = [.. Selection.Read(fields, "skills", [.. skills.All.Select(skill => skill.Name)]).Select(skill => skill.Name)],
            DelegateDescriptions = named.Descriptions.Count > 0 ? named.Descriptions : null,
            Approvals = Texts(fields, "approvals"),
            Approvers = Texts(fields, "approvers"),
            Notify = fields.Text("notify"),
            OnApprovalExpired = fields.Choice<ApprovalExpiry>("on_approval_expired") ?? defaults.OnApprovalExpired,
            ClientTools = fields.Choice<ClientToolPolicy>("client_tools") ?? defaults.ClientTools,
            MaxTurns = fields.Integer("max_turns") ?? defaults.MaxTurns,
            MaxToolCalls = fields.Integer("max_tool_calls") ?? defaults.MaxToolCalls,
            DeadlineSeconds = deadline is { } seconds ? (int)Math.Clamp(Math.Ceiling(seconds), 0, int.MaxValue) : defaults.DeadlineSeconds,
            Temperature = (float?)fields.Number("temperature"),
            MaxOutputTokens = fields.Integer("max_output_tokens"),
            ReasoningEffort = fields.Choice<EffortLevel>("reasoning_effort"),
            Cache = fields.Object("cache") is { } cache ? ReadCache(cache) : null,
            Context = fields.Object("context") is { } context ? ReadContext(context) : null,
            RetentionDays = fields.Integer("retention_days"),
            Redaction = fields.Choice<RedactionMode>("redaction") ?? defaults.Redaction,
        };
    }

    private static CachePolicy ReadCache(YamlFields cache)
    {
        var policy = new CachePolicy(cache.Integer("ttl_seconds") ?? 0, cache.Choice<CacheScope>("scope") ?? CacheScope.User);
        cache.RejectOthers();
        return policy;
    }

    private static ContextPolicy ReadContext(YamlFields context)
    {
        var policy = new ContextPolicy(
            context.Integer("max_tokens") ?? ContextPolicy.DefaultMaxTokens, context.Choice<ContextStrategy>("strategy") ?? ContextStrategy.Truncate);
        context.RejectOthers();
        return policy;
    }

    private static List<string> Texts(YamlFields fields, string name) => [.. fields.Texts(name).Select(item => item.Text)];

    private static string? Nonempty(string text) => text.Length > 0 ? text : null;

    /// <summary>A mistake of the definition, by the file's own name for the field and on its line.</summary>
    private string Locate(string fault, YamlFields fields, NamedTools named, int bodyLine, FileFaults faults)
    {
        var field = fault[..Math.Max(0, fault.IndexOf(": ", StringComparison.Ordinal))];
        var message = fault[Math.Min(fault.Length, field.Length + 2)..];
        if (named.Places.TryGetValue(field, out var place))
        {
            return faults.At(place.Line, $"{place.Name}: {message}");
        }

        var root = field.Split('[', '.')[0];
        var name = root == "deadlineSeconds" ? Timeout : JsonNamingPolicy.SnakeCaseLower.ConvertName(root);
        var line = root == "instructions" ? bodyLine : fields.LineOf(name);
        return root == Model && !fields.Has(Model)
            ? faults.At(1, $"{Model}: {(options.Model is null ? "Is required: provider:model, here or as AgentFiles__Model." : $"AgentFiles__Model: {message}")}")
            : faults.At(line, $"{name}{field[root.Length..]}: {message}");
    }
}
