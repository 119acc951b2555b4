namespace Yggdrasil.Agents;

/// <summary>A copy of an agent at one moment. A run or a batch uses its copy, also when the agent changes or is deleted.</summary>
/// <param name="Key">See <see cref="Agent.Key"/>.</param>
public sealed record AgentSnapshot(string Id, int Version, string? Key, AgentDefinition Definition);
