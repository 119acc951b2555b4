namespace Yggdrasil.Agents;

/// <summary>An agent as it was at one moment: what a run or a batch goes on with, whatever becomes of the agent.</summary>
/// <param name="Key">See <see cref="Agent.Key"/>.</param>
public sealed record AgentSnapshot(string Id, int Version, string? Key, AgentDefinition Definition);
