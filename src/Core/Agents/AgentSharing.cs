using Yggdrasil.Foundation.Problems;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Agents;

/// <summary>Grants other users of the tenant the right to read and run an agent, and revokes it. Both are idempotent.</summary>
public sealed class AgentSharing
{
    private readonly AgentService _agents;
    private readonly AgentShareStore _store;

    internal AgentSharing(AgentService agents, AgentShareStore store) => (_agents, _store) = (agents, store);

    /// <exception cref="InvalidRequestException"><paramref name="userId"/> is no user id, or the agent's owner.</exception>
    /// <exception cref="NotFoundException">There is no such agent in this scope.</exception>
    /// <exception cref="ForbiddenException">The agent is one of the configuration, or itself shared.</exception>
    /// <exception cref="ConflictException">The agent is shared with 1,000 users already.</exception>
    public async Task ShareAsync(Scope scope, string agentId, string userId, CancellationToken cancellationToken)
    {
        const string User = "user";
        var sharee = AccessPolicy.UserOf(scope.Owner.Tenant, userId, User);
        var agent = await _agents.RequireAsync(scope, AgentAction.Share, agentId, cancellationToken);
        if (sharee == agent.Owner)
        {
            throw new InvalidRequestException(User, "The agent is this user's own.");
        }

        await _store.ShareAsync(agent, sharee, cancellationToken);
    }

    /// <exception cref="InvalidRequestException"><paramref name="userId"/> is no user id.</exception>
    /// <exception cref="NotFoundException">There is no such agent in this scope.</exception>
    /// <exception cref="ForbiddenException">The agent is one of the configuration, or itself shared.</exception>
    public async Task UnshareAsync(Scope scope, string agentId, string userId, CancellationToken cancellationToken)
    {
        var sharee = AccessPolicy.UserOf(scope.Owner.Tenant, userId, "user");
        var agent = await _agents.RequireAsync(scope, AgentAction.Share, agentId, cancellationToken);
        await _store.UnshareAsync(agent, sharee, cancellationToken);
    }
}
