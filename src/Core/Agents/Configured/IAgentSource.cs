namespace Yggdrasil.Agents.Configured;

/// <summary>A kind of place in which the app defines agents.</summary>
internal interface IAgentSource
{
    /// <summary>Reads all of them.</summary>
    /// <param name="problems">Gets what is wrong with their form, a line each, with its place. What can be read is returned all the same.</param>
    IEnumerable<AgentDeclaration> Read(ICollection<string> problems);

    /// <summary>Models that callers may choose from for agents that say nothing of it themselves.</summary>
    IReadOnlyList<string> AllowedModels => [];
}
