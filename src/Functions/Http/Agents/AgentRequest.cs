using System.Text.Json;
using Yggdrasil.Agents;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Functions.Http.Reading;
using Yggdrasil.Models.Cache;
using Yggdrasil.Redaction;

namespace Yggdrasil.Functions.Http.Agents;

/// <summary>Reads an agent definition. Shapes and types are checked here; the rules of the values are the domain's.</summary>
internal static class AgentRequest
{
    /// <returns>The definition, and what was sent of an agent's answer beside it.</returns>
    /// <exception cref="InvalidRequestException">The body is not an agent definition; every mistake of form is named.</exception>
    public static (AgentDefinition Definition, ReadOnlyFields Sent) Parse(ReadOnlyMemory<byte> body)
    {
        var fields = new JsonFields(RequestBody.ParseObject(body), new FieldErrors());
        var model = fields.String("model");
        fields.Errors.Require(model is not null || fields.Get("model") is not null, "model", "Is required: provider:model.");
        var defaults = new AgentDefinition { Model = model ?? "" };
        var agent = defaults with
        {
            Fallbacks = fields.Strings("fallbacks", AgentValidator.MaxFallbacks),
            AllowedModels = fields.Strings("allowedModels", AgentValidator.MaxAllowedModels),
            Description = fields.String("description"),
            Instructions = fields.String("instructions"),
            Tools = fields.Strings("tools", AgentValidator.MaxTools),
            Skills = fields.Strings("skills", AgentValidator.MaxSkills),
            Approvals = fields.Strings("approvals", AgentValidator.MaxTools),
            Approvers = fields.Strings("approvers", AgentValidator.MaxApprovers),
            Notify = fields.String("notify"),
            OnApprovalExpired = fields.Choice<ApprovalExpiry>("onApprovalExpired") ?? defaults.OnApprovalExpired,
            ClientTools = fields.Choice<ClientToolPolicy>("clientTools") ?? defaults.ClientTools,
            MaxTurns = fields.Integer("maxTurns") ?? defaults.MaxTurns,
            MaxToolCalls = fields.Integer("maxToolCalls") ?? defaults.MaxToolCalls,
            DeadlineSeconds = fields.Integer("deadlineSeconds") ?? defaults.DeadlineSeconds,
            Temperature = fields.Number("temperature"),
            MaxOutputTokens = fields.Integer("maxOutputTokens"),
            ReasoningEffort = fields.Choice<EffortLevel>("reasoningEffort"),
            ResponseSchema = fields.Object("responseSchema"),
            Cache = ReadCache(fields),
            Context = ReadContext(fields),
            RetentionDays = fields.Integer("retentionDays"),
            Redaction = fields.Choice<RedactionMode>("redaction") ?? defaults.Redaction,
        };
        var sent = ReadOnlyFields.Read(fields, "id", "version", "owner", "source", "configuredBy", "createdAt", "updatedAt");
        fields.RejectOthers();
        fields.Errors.ThrowIfAny();
        return (agent, sent);
    }

    private static CachePolicy? ReadCache(JsonFields fields)
    {
        if (fields.Object("cache") is not { } cache)
        {
            return null;
        }

        var inner = new JsonFields(cache, fields.Errors, "cache.");
        var ttl = inner.Integer("ttlSeconds");
        fields.Errors.Require(ttl is not null || inner.Get("ttlSeconds") is { ValueKind: not JsonValueKind.Null }, "cache.ttlSeconds", "Is required: seconds.");
        var policy = new CachePolicy(ttl ?? 1, inner.Choice<CacheScope>("scope") ?? CacheScope.User);
        inner.RejectOthers();
        return policy;
    }

    private static ContextPolicy? ReadContext(JsonFields fields)
    {
        if (fields.Object("context") is not { } context)
        {
            return null;
        }

        var inner = new JsonFields(context, fields.Errors, "context.");
        var policy = new ContextPolicy(
            inner.Integer("maxTokens") ?? ContextPolicy.DefaultMaxTokens, inner.Choice<ContextStrategy>("strategy") ?? ContextStrategy.Truncate);
        inner.RejectOthers();
        return policy;
    }
}
