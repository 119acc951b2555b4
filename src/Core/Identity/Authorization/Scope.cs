namespace Yggdrasil.Identity.Authorization;

/// <summary>Who makes a request, and whose resources it names: the caller's own or, for an admin, another user's.</summary>
/// <remarks>Only <see cref="AccessPolicy"/> makes one, so to hold a scope is to have passed its check.</remarks>
public sealed class Scope
{
    internal Scope(Caller caller, Owner owner) => (Caller, Owner) = (caller, owner);

    public Caller Caller { get; }

    /// <summary>Whose agents and runs are read, listed and changed.</summary>
    public Owner Owner { get; }

    /// <summary>Whether an admin looks after somebody else's resources.</summary>
    public bool IsForAnother => Owner != Caller.Owner;
}
