namespace Yggdrasil.Agents.Configured;

/// <summary>One call of <see cref="AgentExtensions.AddAgent"/>.</summary>
internal sealed record CodeAgent(string Id, AgentDefinition Definition);

/// <summary>The agents that code defines.</summary>
internal sealed class CodeAgents(IEnumerable<CodeAgent> agents) : IAgentSource
{
    public IEnumerable<AgentDeclaration> Read(ICollection<string> problems) => agents.Select(agent =>
    {
        var place = $"AddAgent(\"{agent.Id}\")";
        return new AgentDeclaration(agent.Id, agent.Definition, ConfiguredBy.Code, place) { Locate = line => $"{place}: {line}" };
    });
}
