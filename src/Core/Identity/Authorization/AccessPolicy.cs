using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Identity.Authorization;

/// <summary>Decides who may do what. All other code asks this type.</summary>
/// <remarks>
/// <code>
///                        own agent   shared with me   configuration   another's   own run   another's run
/// read, run / control    yes         yes              yes             404         yes       404
/// write, share           yes         403              403             404
/// approve                                                                           yes       404, but for the agent's approvers
/// </code>
/// Approvers are users and roles of the run owner's tenant, as the run's own copy of its agent names them. They decide about
/// calls and see those; of the rest of the run they see nothing.
/// A conversation is its owner's as a run is.
/// An admin has, within the own tenant, the rights of every user. What is reached through a share or the configuration
/// stays read-only for admins too: they change an agent as its owner's, with <c>?userId=</c>.
/// <para>
/// A caller with an API key has at most its user's rights, and less: it changes no agents and no shares, it starts and controls
/// nothing where it is for reading, and where it is for some agents, other agents do not exist for it, nor do their runs, batches and
/// conversations. A conversation is that of the agent of its last run: who hands a conversation on hands its history on.
/// </para>
/// </remarks>
public static class AccessPolicy
{
    /// <summary>How a path names the caller.</summary>
    private const string Me = "me";

    /// <summary>Whose resources a request is about.</summary>
    /// <param name="userId">The user the request names; null for the caller.</param>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> is no user id.</exception>
    /// <exception cref="ForbiddenException">It is another user, and the caller is no admin.</exception>
    public static Scope ScopeOf(Caller caller, string? userId)
    {
        if (userId is null)
        {
            return new Scope(caller, caller.Owner);
        }

        return ScopeOfNamed(caller, userId, "userId");
    }

    /// <summary>Whose data a path is about: <c>me</c> is the caller, another user is for admins.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> is no user id.</exception>
    /// <exception cref="ForbiddenException">It is another user, and the caller is no admin.</exception>
    public static Scope ScopeOfUser(Caller caller, string userId) =>
        userId == Me ? new Scope(caller, caller.Owner) : ScopeOfNamed(caller, userId, "id");

    private static Scope ScopeOfNamed(Caller caller, string userId, string field)
    {
        var owner = UserOf(caller.Owner.Tenant, userId, field);
        return HasRightsOf(caller, owner)
            ? new Scope(caller, owner)
            : throw new ForbiddenException("Only admins may name another user.");
    }

    /// <summary>A user that a request names. Nobody can name one of another tenant.</summary>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> is no user id.</exception>
    public static Owner UserOf(string tenant, string userId, string field) =>
        new Owner(tenant, userId) is var owner && UserId.IsValid(owner) ? owner : throw new InvalidRequestException(field, UserId.Rule);

    /// <summary>The named user of the caller's tenant, for what only admins do; another tenant's cannot be named at all.</summary>
    /// <exception cref="ForbiddenException">The caller is no admin.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> cannot be a user id.</exception>
    public static Owner RequireAdmin(Caller caller, string userId, string field) => caller.IsAdmin
        ? UserOf(caller.Owner.Tenant, userId, field)
        : throw new ForbiddenException("Only an admin may do this.");

    /// <summary>For what a user does in person, and no program in the user's name.</summary>
    /// <exception cref="ForbiddenException">The caller came with an API key.</exception>
    public static void RequireToken(Caller caller)
    {
        if (caller.Key is not null)
        {
            throw new ForbiddenException("An API key may not do this: use an access token of your own.");
        }
    }

    /// <summary>The named user of the caller's tenant, for what operators and admins do.</summary>
    /// <exception cref="ForbiddenException">The caller is neither operator nor admin.</exception>
    /// <exception cref="InvalidRequestException"><paramref name="userId"/> cannot be a user id.</exception>
    public static Owner RequireOperatorOf(Caller caller, string userId, string field)
    {
        RequireOperator(caller);
        return UserOf(caller.Owner.Tenant, userId, field);
    }

    /// <exception cref="ForbiddenException">The caller is neither operator nor admin.</exception>
    public static void RequireOperator(Caller caller)
    {
        if (!caller.IsOperator)
        {
            throw new ForbiddenException("Only an operator may do this.");
        }
    }

    public static Access Decide(Caller caller, AgentAction action, AgentResource agent)
    {
        if (agent.Owner is not { } owner)
        {
            return ReadAndRun(action);
        }

        if (agent.SharedWith is not { } sharee)
        {
            return HasRightsOf(caller, owner) ? Access.Allowed : Access.Invisible;
        }

        return sharee.Tenant == owner.Tenant && HasRightsOf(caller, sharee) ? ReadAndRun(action) : Access.Invisible;
    }

    /// <summary>Whether an API key that the caller came with is for an agent.</summary>
    /// <param name="agentId">As the caller names it.</param>
    public static bool IsInScope(Caller caller, string agentId) =>
        caller.Key?.Scope is not { Agents: { } agents } || agents.Contains(agentId);

    /// <summary>For what starts work of an agent that the caller may read.</summary>
    /// <exception cref="ForbiddenException">The caller's API key is for reading.</exception>
    public static void RequireRunning(Caller caller)
    {
        if (caller.Key?.Scope is { CanRun: false })
        {
            throw ReadOnlyKey();
        }
    }

    /// <param name="owner">Who started the run.</param>
    /// <param name="agentId">The run's agent, as its owner names it.</param>
    /// <param name="approvers">Whom the run's agent lets decide, besides; null for none.</param>
    public static Access Decide(
        Caller caller, RunAction action, Owner owner, string agentId, IReadOnlyList<string>? approvers = null) => action switch
    {
        // An agent's id means another agent where another owner says it.
        _ when !IsInScope(caller, agentId) || (caller.Key?.Scope?.Agents is not null && owner != caller.Owner) => Access.Invisible,
        RunAction.Control or RunAction.Approve when caller.Key?.Scope is { CanRun: false } =>
            Decide(caller, RunAction.Read, owner, agentId) == Access.Allowed ? Access.Forbidden : Access.Invisible,
        RunAction.Read or RunAction.Control or RunAction.Approve when HasRightsOf(caller, owner) => Access.Allowed,
        RunAction.Approve when IsApprover(caller, owner, approvers) => Access.Allowed,
        _ => Access.Invisible,
    };

    /// <param name="agentId">The agent of the conversation's last run.</param>
    public static Access Decide(Caller caller, ConversationAction action, Owner owner, string agentId) => action switch
    {
        _ when !IsInScope(caller, agentId) => Access.Invisible,
        ConversationAction.Change or ConversationAction.Delete when caller.Key?.Scope is { CanRun: false } =>
            HasRightsOf(caller, owner) ? Access.Forbidden : Access.Invisible,
        ConversationAction.Read or ConversationAction.Change or ConversationAction.Delete when HasRightsOf(caller, owner) => Access.Allowed,
        _ => Access.Invisible,
    };

    /// <param name="agent">Null when there is none.</param>
    /// <exception cref="NotFoundException">There is no such agent for this caller.</exception>
    /// <exception cref="ForbiddenException">The caller may read and run the agent, and no more.</exception>
    public static void Require(Caller caller, AgentAction action, AgentResource? agent, string agentId)
    {
        var access = agent is null || !IsInScope(caller, agentId) ? Access.Invisible : Decide(caller, action, agent);
        if (access == Access.Allowed && caller.Key is not null && action is not (AgentAction.Read or AgentAction.Run))
        {
            throw new ForbiddenException("An API key reads and runs agents, and changes none: use an access token of your own.");
        }

        switch (access)
        {
            case Access.Allowed when action == AgentAction.Run && caller.Key?.Scope is { CanRun: false }:
                throw ReadOnlyKey();
            case Access.Allowed:
                return;
            case Access.Forbidden:
                throw new ForbiddenException(agent?.Owner is null
                    ? $"The agent \"{agentId}\" is defined in the app's configuration and read-only."
                    : $"The agent \"{agentId}\" is shared to be read and run; only its owner changes, deletes or shares it.");
            default:
                throw new NotFoundException($"There is no agent \"{agentId}\".");
        }
    }

    /// <param name="owner">Who started the run; null when there is none.</param>
    /// <exception cref="NotFoundException">There is no such run for this caller.</exception>
    /// <param name="agentId">The run's agent, as its owner names it; null when there is no run.</param>
    /// <exception cref="ForbiddenException">The caller's API key is for reading.</exception>
    public static void Require(
        Caller caller, RunAction action, Owner? owner, string? agentId, string runId, IReadOnlyList<string>? approvers = null) =>
        Require(
            owner is { } known && agentId is not null ? Decide(caller, action, known, agentId, approvers) : Access.Invisible,
            () => new NotFoundException($"There is no run \"{runId}\"."));

    /// <summary>A batch is its owner's as its items' runs are.</summary>
    /// <param name="owner">Whose it is; null when there is none.</param>
    /// <exception cref="NotFoundException">There is no such batch for this caller.</exception>
    /// <param name="agentId">Its agent; null while it is not known yet, and then an API key that is for some agents is refused.</param>
    /// <exception cref="ForbiddenException">The caller's API key is for reading.</exception>
    public static void RequireBatch(Caller caller, RunAction action, Owner? owner, string? agentId, string batchId) =>
        Require(
            owner is { } known ? Decide(caller, action, known, agentId ?? "") : Access.Invisible,
            () => new NotFoundException($"There is no batch \"{batchId}\"."));

    /// <param name="owner">Whose it is; null when there is none.</param>
    /// <exception cref="NotFoundException">There is no such conversation for this caller.</exception>
    /// <param name="agentId">The agent of its last run; null when there is none.</param>
    /// <exception cref="ForbiddenException">The caller's API key is for reading.</exception>
    public static void Require(Caller caller, ConversationAction action, Owner? owner, string? agentId, string conversationId) =>
        Require(
            owner is { } known && agentId is not null ? Decide(caller, action, known, agentId) : Access.Invisible,
            () => NoConversation(conversationId));

    internal static NotFoundException NoConversation(string conversationId) => new($"There is no conversation \"{conversationId}\".");

    private static void Require(Access access, Func<NotFoundException> notFound)
    {
        if (access != Access.Allowed)
        {
            throw access == Access.Forbidden ? ReadOnlyKey() : notFound();
        }
    }

    private static ForbiddenException ReadOnlyKey() => new("This API key is for reading; it starts and changes nothing.");

    private static Access ReadAndRun(AgentAction action) =>
        action is AgentAction.Read or AgentAction.Run ? Access.Allowed : Access.Forbidden;

    private static bool IsApprover(Caller caller, Owner owner, IReadOnlyList<string>? approvers) =>
        caller.Owner.Tenant == owner.Tenant
        && (approvers ?? []).Any(text => Approver.TryParse(text, out var approver)
            && (approver.IsRole ? caller.Roles.Contains(approver.Name) : caller.Owner.User == approver.Name));

    private static bool HasRightsOf(Caller caller, Owner owner) =>
        owner == caller.Owner || (caller.IsAdmin && owner.Tenant == caller.Owner.Tenant);
}
