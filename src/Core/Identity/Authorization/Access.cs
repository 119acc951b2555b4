namespace Yggdrasil.Identity.Authorization;

/// <summary>The decision about a caller's access to a resource.</summary>
public enum Access
{
    /// <summary>The resource does not exist for this caller: 404. The default, so that what is forgotten is refused.</summary>
    Invisible,

    /// <summary>The caller may see the resource, but not do this to it: 403.</summary>
    Forbidden,

    Allowed,
}

public enum AgentAction
{
    /// <summary>See it, its definition and its place in lists.</summary>
    Read,

    /// <summary>Start runs of it, which belong to who starts them.</summary>
    Run,

    /// <summary>Create, replace or delete it.</summary>
    Write,

    /// <summary>Give others the right to read and run it, and take it back.</summary>
    Share,
}

public enum RunAction
{
    /// <summary>See it, its steps and its place in lists.</summary>
    Read,

    /// <summary>Cancel, suspend, resume or delete it.</summary>
    Control,

    /// <summary>See its calls that need approval, and decide about them.</summary>
    Approve,
}

public enum ConversationAction
{
    /// <summary>See it, its messages and its place in lists.</summary>
    Read,

    /// <summary>Add to it and annotate it.</summary>
    Change,

    /// <summary>Delete it with its runs.</summary>
    Delete,
}

/// <summary>What decides about an agent.</summary>
/// <param name="Owner">Null for an agent of the configuration.</param>
/// <param name="SharedWith">Set when the agent was reached through a share: whom the owner gave it to.</param>
public sealed record AgentResource(Owner? Owner, Owner? SharedWith = null);
