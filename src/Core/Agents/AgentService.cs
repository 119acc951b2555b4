using Azure;
using Yggdrasil.Problems;
using Yggdrasil.Security;
using Yggdrasil.Storage;

namespace Yggdrasil.Agents;

/// <summary>Which version of an agent a write may replace.</summary>
/// <param name="IfMatch">The version it must have; null for any.</param>
/// <param name="IfNoneMatch">It must not exist.</param>
/// <param name="IfExists">It must exist, in whatever version.</param>
public sealed record AgentPrecondition(ETag? IfMatch = null, bool IfNoneMatch = false, bool IfExists = false);

/// <summary>Agents as callers see them: their own and those of the configuration.</summary>
public sealed class AgentService
{
    // Two writers without a precondition may meet; each retry means that another one succeeded.
    private const int MaxAttempts = 8;

    private readonly AgentStore _store;
    private readonly ConfiguredAgents _configured;
    private readonly AgentValidator _validator;
    private readonly TimeProvider _time;

    internal AgentService(AgentStore store, ConfiguredAgents configured, AgentValidator validator, TimeProvider time) =>
        (_store, _configured, _validator, _time) = (store, configured, validator, time);

    /// <exception cref="NotFoundException">The caller has no agent of this id.</exception>
    public async Task<Agent> GetAsync(Caller caller, string agentId, CancellationToken cancellationToken) =>
        _configured.Find(agentId)
        ?? (Ids.IsValid(agentId) ? await _store.FindAsync(caller.Owner, agentId, cancellationToken) : null)
        ?? throw NotFound(agentId);

    /// <summary>Creates the agent or replaces its definition.</summary>
    /// <returns>The agent, and whether it is new.</returns>
    /// <exception cref="InvalidRequestException">The id or the definition is not valid.</exception>
    /// <exception cref="ForbiddenException">The agent is one of the configuration.</exception>
    /// <exception cref="PreconditionFailedException">The agent is not in the version the caller named.</exception>
    public async Task<(Agent Agent, bool Created)> PutAsync(
        Caller caller, string agentId, AgentDefinition definition, AgentPrecondition precondition, CancellationToken cancellationToken)
    {
        RequireOwn(agentId);
        var errors = new FieldErrors();
        errors.Require(Ids.IsValid(agentId), "agent", "An id is [A-Za-z0-9][A-Za-z0-9_-]{0,63}.");
        _validator.Validate(definition, errors);
        errors.ThrowIfAny();

        for (var attempt = 1; ; attempt++)
        {
            var existing = await _store.FindAsync(caller.Owner, agentId, cancellationToken);
            Check(precondition, existing);
            var now = _time.GetUtcNow();
            var changed = existing is null
                ? new Agent(agentId, definition, 1, caller.Owner, AgentSource.User, now, now, default)
                : existing with { Definition = definition, Version = existing.Version + 1, UpdatedAt = now };
            if (await _store.SaveAsync(changed, cancellationToken) is { } saved)
            {
                return (saved, existing is null);
            }

            if (attempt == MaxAttempts)
            {
                throw new ConflictException("The agent is being changed by others; try again.");
            }
        }
    }

    /// <exception cref="NotFoundException">The caller has no agent of this id.</exception>
    /// <exception cref="ForbiddenException">The agent is one of the configuration.</exception>
    /// <exception cref="PreconditionFailedException">The agent is not in the version the caller named.</exception>
    public async Task DeleteAsync(Caller caller, string agentId, AgentPrecondition precondition, CancellationToken cancellationToken)
    {
        RequireOwn(agentId);
        for (var attempt = 1; attempt <= MaxAttempts; attempt++)
        {
            var agent = await GetAsync(caller, agentId, cancellationToken);
            Check(precondition, agent);
            if (await _store.DeleteAsync(agent, cancellationToken))
            {
                return;
            }
        }

        throw new ConflictException("The agent is being changed by others; try again.");
    }

    /// <summary>The agents of the configuration, then the caller's own, each in order of their ids.</summary>
    public async Task<ListPage<Agent>> ListAsync(Caller caller, int limit, string? after, CancellationToken cancellationToken)
    {
        const string ConfiguredCursor = "c:", OwnCursor = "o:";
        List<Agent> agents = [];
        if (after is null || after.StartsWith(ConfiguredCursor, StringComparison.Ordinal))
        {
            var last = after?[ConfiguredCursor.Length..] ?? "";
            agents.AddRange(_configured.All.Where(agent => string.CompareOrdinal(agent.Id, last) > 0).Take(limit + 1));
        }

        if (agents.Count <= limit)
        {
            var last = after?.StartsWith(OwnCursor, StringComparison.Ordinal) == true ? after[OwnCursor.Length..] : null;
            agents.AddRange(await _store.ListAsync(caller.Owner, last, limit + 1 - agents.Count, cancellationToken));
        }

        if (agents.Count <= limit)
        {
            return new ListPage<Agent>(agents, null);
        }

        var final = agents[limit - 1];
        return new ListPage<Agent>(
            agents[..limit], (final.Source == AgentSource.Configuration ? ConfiguredCursor : OwnCursor) + final.Id);
    }

    private static void Check(AgentPrecondition precondition, Agent? existing)
    {
        if (precondition.IfNoneMatch && existing is not null)
        {
            throw new PreconditionFailedException("The agent exists already.");
        }

        if (precondition.IfExists && existing is null)
        {
            throw new PreconditionFailedException("The agent does not exist.");
        }

        if (precondition.IfMatch is { } expected && existing?.ETag != expected)
        {
            throw new PreconditionFailedException("The agent is not in the version that If-Match names; read it again.");
        }
    }

    private void RequireOwn(string agentId)
    {
        if (_configured.Find(agentId) is not null)
        {
            throw new ForbiddenException($"The agent \"{agentId}\" is defined in the app's configuration and read-only.");
        }
    }

    private static NotFoundException NotFound(string agentId) => new($"There is no agent \"{agentId}\".");
}
