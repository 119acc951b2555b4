using Yggdrasil.Agents.Skills;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using Yggdrasil.Tools.Mcp;

namespace Yggdrasil.Agents;

/// <summary>Agents, for callers: configured agents, own agents, and agents shared with the caller.</summary>
public sealed class AgentService
{
    private readonly AgentStore _store;
    private readonly AgentShareStore _shares;
    private readonly ConfiguredAgents _configured;
    private readonly AgentValidator _validator;
    private readonly Contention _contention;
    private readonly TimeProvider _time;
    private readonly McpTools? _mcp;
    private readonly SkillCatalog? _skills;

    internal AgentService(
        AgentStore store,
        AgentShareStore shares,
        ConfiguredAgents configured,
        AgentValidator validator,
        Contention contention,
        TimeProvider time,
        McpTools? mcp = null,
        SkillCatalog? skills = null) =>
        (_store, _shares, _configured, _validator, _contention, _time, _mcp, _skills) = (store, shares, configured, validator, contention, time, mcp, skills);

    /// <exception cref="NotFoundException">There is no agent of this id in this scope.</exception>
    /// <exception cref="PreconditionFailedException">It is in none of the versions of <c>IfMatch</c>.</exception>
    public async Task<Agent> GetAsync(Scope scope, string agentId, AgentPrecondition precondition, CancellationToken cancellationToken)
    {
        var agent = await RequireAsync(scope, AgentAction.Read, agentId, cancellationToken);

        // That a reader has this version already is no failure (RFC 9110 section 13.1.2).
        Check(precondition with { IfNoneMatch = null }, agent);
        return agent;
    }

    /// <summary>The agent that an id names in a scope; null where there is none that the caller may read.</summary>
    public async Task<Agent?> FindAsync(Scope scope, string agentId, CancellationToken cancellationToken) =>
        await LookUpAsync(scope, agentId, cancellationToken) is { } agent && IsReadable(scope, agent) ? agent : null;

    /// <summary>Creates the agent or replaces its definition.</summary>
    /// <returns>The agent, and whether it is new.</returns>
    /// <exception cref="InvalidRequestException">The id or the definition is not valid.</exception>
    /// <exception cref="ForbiddenException">The agent is one of the configuration, or another's that is shared.</exception>
    /// <exception cref="PreconditionFailedException">The agent is not in the version the caller named.</exception>
    public async Task<(Agent Agent, bool Created)> PutAsync(
        Scope scope, string agentId, AgentDefinition definition, AgentPrecondition precondition, CancellationToken cancellationToken)
    {
        var existing = await LookUpAsync(scope, agentId, cancellationToken);
        AccessPolicy.Require(scope.Caller, AgentAction.Write, existing?.Resource ?? ResourceToCreate(scope, agentId), agentId);
        await ValidateAsync(scope, agentId, definition, cancellationToken);
        var isStale = false;
        return await _contention.RetryAsync(
            "The agent",
            async () =>
            {
                existing = isStale ? await LookUpAsync(scope, agentId, cancellationToken) : existing;
                isStale = true;
                Check(precondition, existing);
                var now = _time.GetUtcNow();
                var changed = existing is null
                    ? new Agent(agentId, definition, 1, scope.Owner, AgentSource.User, now, now, default) { Incarnation = Ids.NewUnique() }
                    : existing with { Definition = definition, IsUnreadable = false, Version = existing.Version + 1, UpdatedAt = now };
                return (await _store.SaveAsync(changed, cancellationToken) ?? throw new ContendedException(), existing is null);
            },
            cancellationToken);
    }

    /// <summary>Deletes the agent, and with it every share of it.</summary>
    /// <exception cref="NotFoundException">There is no agent of this id in this scope.</exception>
    /// <exception cref="ForbiddenException">The agent is one of the configuration, or another's that is shared.</exception>
    /// <exception cref="PreconditionFailedException">The agent is not in the version the caller named.</exception>
    public async Task DeleteAsync(Scope scope, string agentId, AgentPrecondition precondition, CancellationToken cancellationToken)
    {
        var deleted = await _contention.RetryAsync(
            "The agent",
            async () =>
            {
                var agent = await RequireAsync(scope, AgentAction.Write, agentId, cancellationToken);
                Check(precondition, agent);
                return await _store.DeleteAsync(agent, cancellationToken) ? agent : throw new ContendedException();
            },
            cancellationToken);

        // A caller that goes away now could not ask for the rest again: to him the agent is gone.
        await _shares.RemoveAllAsync(deleted, CancellationToken.None);
    }

    /// <summary>The agents of the configuration, then the owner's own, then those shared with the owner, each in order of their ids.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is not a cursor of this list.</exception>
    public async Task<ListPage<Agent>> ListAsync(Scope scope, int limit, string? after, CancellationToken cancellationToken)
    {
        var (first, last) = AgentCursor.Parse(after);
        List<(string Cursor, Agent? Agent)> found = [];
        for (var kind = first; kind <= AgentKind.Shared && found.Count <= limit; kind++)
        {
            var page = await ListAsync(scope, kind, kind == first ? last : null, limit + 1 - found.Count, cancellationToken);
            found.AddRange(page.Select(item => (AgentCursor.Format(kind, item.Id), item.Agent)));
        }

        return new ListPage<Agent>(
            [.. found.Take(limit).Select(item => item.Agent).OfType<Agent>().Where(agent => IsReadable(scope, agent))],
            found.Count > limit ? found[limit - 1].Cursor : null);
    }

    /// <summary>The same agents in order of their ids alone, for readers who know of no kinds.</summary>
    /// <param name="after">The id of the last one before; null for the first page.</param>
    /// <exception cref="InvalidRequestException"><paramref name="after"/> is no id.</exception>
    public async Task<ListPage<Agent>> ListByIdAsync(Scope scope, int limit, string? after, CancellationToken cancellationToken)
    {
        if (after is not null && !Ids.IsValid(after) && !Ids.IsSharedAgent(after))
        {
            throw InvalidRequestException.NotACursor();
        }

        List<(string Id, Agent? Agent)> found = [];
        foreach (var kind in Enum.GetValues<AgentKind>())
        {
            found.AddRange(await ListAsync(scope, kind, after, limit + 1, cancellationToken));
        }

        // An id of the configuration hides the same of the owner's.
        var page = found.DistinctBy(item => item.Id).OrderBy(item => item.Id, StringComparer.Ordinal).Take(limit + 1).ToList();
        return new ListPage<Agent>(
            [.. page.Take(limit).Select(item => item.Agent).OfType<Agent>().Where(agent => IsReadable(scope, agent))],
            page.Count > limit ? page[limit - 1].Id : null);
    }

    /// <summary>The agent that an id names in a scope, for a caller who may do this to it.</summary>
    /// <exception cref="NotFoundException">There is no agent of this id in this scope.</exception>
    /// <exception cref="ForbiddenException">The caller may read and run the agent, but not do this.</exception>
    /// <exception cref="ConflictException">It is to be run, and its definition cannot be read.</exception>
    internal async Task<Agent> RequireAsync(Scope scope, AgentAction action, string agentId, CancellationToken cancellationToken)
    {
        var agent = await LookUpAsync(scope, agentId, cancellationToken, toRun: action == AgentAction.Run);
        AccessPolicy.Require(scope.Caller, action, agent?.Resource, agentId);
        return action == AgentAction.Run && agent!.IsUnreadable
            ? throw new ConflictException(
                "The stored definition of this agent cannot be read; the operator has been alerted. Put it again, or wait until that is corrected.",
                ContentProtectionException.Code)
            : agent!;
    }

    /// <summary>
    /// The agent that an id names, to be run: with what the agents and MCP servers among its tools say of themselves, and what its skills are for.
    /// </summary>
    /// <exception cref="NotFoundException">There is no agent of this id in this scope.</exception>
    internal async Task<Agent> RequireToRunAsync(Scope scope, string agentId, CancellationToken cancellationToken)
    {
        var agent = await RequireAsync(scope, AgentAction.Run, agentId, cancellationToken);
        var descriptions = new Dictionary<string, string>(agent.Definition.DelegateDescriptions ?? new Dictionary<string, string>());
        foreach (var id in agent.Definition.Tools.Where(DelegateNames.IsDelegate).Select(DelegateNames.IdOf).Where(id => !descriptions.ContainsKey(id)))
        {
            // Only to a caller who may run it: an agent that is shared may name others that are not.
            if (await LookUpAsync(scope, DelegateNames.IdFor(agent.Id, id), cancellationToken, toRun: true) is { Definition.Description: { } description } asked
                && AccessPolicy.Decide(scope.Caller, AgentAction.Run, asked.Resource) == Access.Allowed)
            {
                descriptions[id] = description;
            }
        }

        agent = agent.Definition.AllowedModels.Count > 0 || _configured.AllowedModels.Count == 0 ? agent
            : agent with { Definition = agent.Definition with { AllowedModels = _configured.AllowedModels } };
        var pins = await PinAsync(agent.Definition, cancellationToken);
        return descriptions.Count == 0 && pins is null && agent.Definition.Skills.Count == 0 ? agent : agent with
        {
            Definition = WithSkills(agent.Definition with { DelegateDescriptions = descriptions.Count > 0 ? descriptions : null, McpTools = pins }),
        };
    }

    private async Task<IReadOnlyList<McpToolPin>?> PinAsync(AgentDefinition agent, CancellationToken cancellationToken) =>
        _mcp is null || !agent.Tools.Any(McpNames.IsMcp) ? null
        : await _mcp.PinAsync(agent.Tools, AgentValidator.MaxTools - agent.Tools.Count(tool => !McpNames.IsMcp(tool)), cancellationToken);

    /// <summary>The definition whose model is told of its skills, and can read them. One that is gone from the app is left out.</summary>
    private AgentDefinition WithSkills(AgentDefinition definition) => _skills?.Describe(definition.Skills) is not { } told ? definition : definition with
    {
        Instructions = string.Join("\n\n", ((string?[])[definition.Instructions, told]).Where(part => !string.IsNullOrEmpty(part))),
        Tools = definition.Tools.Contains(SkillCatalog.Tool) ? definition.Tools : [.. definition.Tools, SkillCatalog.Tool],
    };

    /// <param name="toRun">A run is to start with it: one of the owner's may be as old as <see cref="KnownAgents.Lifetime"/>.</param>
    private async Task<Agent?> LookUpAsync(Scope scope, string agentId, CancellationToken cancellationToken, bool toRun = false) =>
        _configured.Find(agentId) is { } configured ? configured
        : Ids.IsValid(agentId) && toRun ? await _store.FindToRunAsync(scope.Owner, agentId, cancellationToken)
        : Ids.IsValid(agentId) ? await _store.FindAsync(scope.Owner, agentId, cancellationToken)
        : Ids.IsSharedAgent(agentId) ? await _shares.FindAsync(scope.Owner, agentId, cancellationToken)
        : null;

    private async Task<IEnumerable<(string Id, Agent? Agent)>> ListAsync(
        Scope scope, AgentKind kind, string? after, int limit, CancellationToken cancellationToken) => kind switch
        {
            AgentKind.Configured => _configured.All
                .Where(agent => string.CompareOrdinal(agent.Id, after) > 0).Take(limit).Select(agent => (agent.Id, (Agent?)agent)),
            AgentKind.Own => (await _store.ListAsync(scope.Owner, after, limit, cancellationToken)).Select(agent => (agent.Id, (Agent?)agent)),
            _ => await _shares.ListAsync(scope.Owner, after, limit, cancellationToken),
        };

    /// <summary>What does not exist yet will be the owner's, unless its id is of the form that only sharing makes.</summary>
    private static AgentResource? ResourceToCreate(Scope scope, string agentId) =>
        Ids.IsSharedAgent(agentId) ? null : new AgentResource(scope.Owner);

    private async Task ValidateAsync(Scope scope, string agentId, AgentDefinition definition, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        errors.Require(Ids.IsValid(agentId), "agent", "An id is [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
        _validator.Validate(definition, errors);
        foreach (var (index, tool) in definition.Tools.Index().Where(item => DelegateNames.IsDelegate(item.Item)).Take(AgentValidator.MaxTools))
        {
            var asked = DelegateNames.IdOf(tool);
            errors.Require(asked != agentId, $"tools[{index}]", "An agent cannot ask itself.");
            errors.Require(
                asked == agentId || await LookUpAsync(scope, asked, cancellationToken) is not null, $"tools[{index}]", $"There is no agent \"{asked}\".");
        }

        foreach (var (index, tool) in definition.Tools.Index().Where(item => McpNames.IsMcp(item.Item)).Take(AgentValidator.MaxTools))
        {
            var isUnknown = _mcp is not null && await _mcp.IsUnknownAsync(tool, cancellationToken);
            errors.Require(!isUnknown, $"tools[{index}]", $"The MCP server offers no tool \"{tool}\".");
        }

        errors.ThrowIfAny();
    }

    private static bool IsReadable(Scope scope, Agent agent) =>
        AccessPolicy.IsInScope(scope.Caller, agent.Id) && AccessPolicy.Decide(scope.Caller, AgentAction.Read, agent.Resource) == Access.Allowed;

    private static void Check(AgentPrecondition precondition, Agent? existing)
    {
        if (precondition.IfMatch is { } expected && !expected.NamesExactly(existing?.ETag))
        {
            throw new PreconditionFailedException(
                existing is null ? "The agent does not exist." : "The agent is not in a version that If-Match names; read it again.");
        }

        if (precondition.IfNoneMatch is { } unwanted && unwanted.Names(existing?.ETag))
        {
            throw new PreconditionFailedException(
                unwanted.IsAny ? "The agent exists already." : "The agent is in a version that If-None-Match names.");
        }
    }
}
