using Yggdrasil.Agents.Files;

namespace Yggdrasil.Agents.Configured;

/// <summary>An agent as one place of the app defines it, not validated yet.</summary>
/// <param name="Place">Names the place to whoever has to correct it.</param>
internal sealed record AgentDeclaration(string Id, AgentDefinition Definition, ConfiguredBy By, string Place)
{
    /// <summary>When it is to be run without anybody's asking; null where it has no such time.</summary>
    public AgentTimer? Timer { get; init; }

    /// <summary>Says where a field of the definition has its mistake: makes <c>tools[2]: …</c> a line that names the place.</summary>
    public required Func<string, string> Locate { get; init; }
}
