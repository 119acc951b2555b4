using Azure;
using Yggdrasil.Security;

namespace Yggdrasil.Agents;

public enum AgentSource
{
    /// <summary>Defined through the API, by its owner.</summary>
    User,

    /// <summary>Defined in the app's configuration: visible to everyone, read-only.</summary>
    Configuration,
}

/// <summary>An agent as it is stored or configured.</summary>
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
    ETag ETag);
