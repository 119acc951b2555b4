namespace Yggdrasil.Agents;

/// <summary>The versions of an agent for which a request is carried out.</summary>
/// <param name="IfMatch">It must have one of these; null for any, and for none.</param>
/// <param name="IfNoneMatch">It must have none of these; null where that does not matter.</param>
public sealed record AgentPrecondition(VersionCondition? IfMatch = null, VersionCondition? IfNoneMatch = null);
