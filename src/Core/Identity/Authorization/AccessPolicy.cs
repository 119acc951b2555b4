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

    /// <param name="owner">Who started the run.</param>
    /// <param name="approvers">Whom the run's agent lets decide, besides; null for none.</param>
    public static Access Decide(Caller caller, RunAction action, Owner owner, IReadOnlyList<string>? approvers = null) => action switch
    {
        RunAction.Read or RunAction.Control or RunAction.Approve when HasRightsOf(caller, owner) => Access.Allowed,
        RunAction.Approve when IsApprover(caller, owner, approvers) => Access.Allowed,
        _ => Access.Invisible,
    };

    public static Access Decide(Caller caller, ConversationAction action, Owner owner) => action switch
    {
        ConversationAction.Read or ConversationAction.Delete when HasRightsOf(caller, owner) => Access.Allowed,
        _ => Access.Invisible,
    };

    /// <param name="agent">Null when there is none.</param>
    /// <exception cref="NotFoundException">There is no such agent for this caller.</exception>
    /// <exception cref="ForbiddenException">The caller may read and run the agent, and no more.</exception>
    public static void Require(Caller caller, AgentAction action, AgentResource? agent, string agentId)
    {
        switch (agent is null ? Access.Invisible : Decide(caller, action, agent))
        {
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
    public static void Require(Caller caller, RunAction action, Owner? owner, string runId, IReadOnlyList<string>? approvers = null)
    {
        if (owner is not { } known || Decide(caller, action, known, approvers) != Access.Allowed)
        {
            throw new NotFoundException($"There is no run \"{runId}\".");
        }
    }

    /// <summary>A batch is its owner's as its items' runs are.</summary>
    /// <param name="owner">Whose it is; null when there is none.</param>
    /// <exception cref="NotFoundException">There is no such batch for this caller.</exception>
    public static void RequireBatch(Caller caller, RunAction action, Owner? owner, string batchId)
    {
        if (owner is not { } known || Decide(caller, action, known) != Access.Allowed)
        {
            throw new NotFoundException($"There is no batch \"{batchId}\".");
        }
    }

    /// <param name="owner">Whose it is; null when there is none.</param>
    /// <exception cref="NotFoundException">There is no such conversation for this caller.</exception>
    public static void Require(Caller caller, ConversationAction action, Owner? owner, string conversationId)
    {
        if (owner is not { } known || Decide(caller, action, known) != Access.Allowed)
        {
            throw NoConversation(conversationId);
        }
    }

    internal static NotFoundException NoConversation(string conversationId) => new($"There is no conversation \"{conversationId}\".");

    private static Access ReadAndRun(AgentAction action) =>
        action is AgentAction.Read or AgentAction.Run ? Access.Allowed : Access.Forbidden;

    private static bool IsApprover(Caller caller, Owner owner, IReadOnlyList<string>? approvers) =>
        caller.Owner.Tenant == owner.Tenant
        && (approvers ?? []).Any(text => Approver.TryParse(text, out var approver)
            && (approver.IsRole ? caller.Roles.Contains(approver.Name) : caller.Owner.User == approver.Name));

    private static bool HasRightsOf(Caller caller, Owner owner) =>
        owner == caller.Owner || (caller.IsAdmin && owner.Tenant == caller.Owner.Tenant);
}
