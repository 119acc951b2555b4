using Azure;
using Yggdrasil.Foundation;
using Yggdrasil.Identity;
using Yggdrasil.Identity.Authorization;

namespace Yggdrasil.Agents;

public enum AgentSource
{
    /// <summary>Defined through the API, by its owner.</summary>
    User,

    /// <summary>Defined by the app, in settings, code or a file: visible to everyone, read-only.</summary>
    Configuration,
}

/// <summary>An agent: stored, configured, or shared with the caller.</summary>
/// <param name="Id">For an agent that was reached through a share, as <see cref="Ids.SharedAgent"/> makes it.</param>
/// <param name="Version">Grows by one with each change, from 1.</param>
/// <param name="Owner">Null for an agent of the configuration.</param>
/// <param name="ETag">The version of the stored row; default for an agent of the configuration.</param>
public sealed record Agent(
    string Id,
    AgentDefinition Definition,
    int Version,
    Owner? Owner,
    AgentSource Source,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    ETag ETag)
{
    /// <summary>
    /// Random, and kept through every change: tells an agent from an earlier one of the same id, whose shares it must not
    /// inherit.
    /// </summary>
    public string Incarnation { get; init; } = "";

    /// <summary>
    /// Names the agent the same for everybody who may run it, whatever id they reach it by. Holds a '~', and so is neither an id of
    /// a caller's choice nor the partition of an owner.
    /// </summary>
    public string Key =>
        Owner is not { } owner ? $"configuration~{Id}"
        : Ids.IsSharedAgent(Id) ? Id
        : Ids.SharedAgent(owner.Partition, Id);

    /// <summary>Where the app defines it; null for an agent of a user.</summary>
    public ConfiguredBy? ConfiguredBy { get; init; }

    /// <summary>Set when the agent was reached through a share: whom its owner gave it to.</summary>
    public Owner? SharedWith { get; init; }

    /// <summary>Whether the stored definition cannot be read: it is empty then, and the agent can be listed, replaced and deleted, not run.</summary>
    public bool IsUnreadable { get; init; }

    internal AgentSnapshot Snapshot => new(Id, Version, Key, Definition);

    internal AgentResource Resource => new(Owner, SharedWith);
}
