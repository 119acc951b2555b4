using Yggdrasil.Foundation;

namespace Yggdrasil.Agents;

/// <summary>How agents name each other as tools: <c>agent:researcher</c> in a definition, <c>agent_researcher</c> to models.</summary>
/// <remarks>Providers allow no colon in a tool's name.</remarks>
internal static class DelegateNames
{
    /// <summary>The longest id of an agent that may be a tool: with it the name is as long as providers allow.</summary>
    public const int MaxIdLength = 64 - 6;

    private const string Prefix = "agent:";
    private const string NamePrefix = "agent_";

    public static bool IsDelegate(string tool) => tool.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>The id of the agent, as its owner knows it.</summary>
    public static string IdOf(string tool) => tool[Prefix.Length..];

    /// <summary>How an agent's definition writes it.</summary>
    public static string ToolOf(string agentId) => Prefix + agentId;

    /// <summary>How models call it.</summary>
    public static string NameOf(string tool) => NamePrefix + IdOf(tool);

    /// <summary>How models call what a definition lists, be it an agent or another tool.</summary>
    public static string CalledAs(string listed) => IsDelegate(listed) ? NameOf(listed) : listed;

    /// <summary>The id under which the run's caller may run the agent.</summary>
    public static string IdFor(string runAgentId, string agentId) =>
        Ids.IsSharedAgent(runAgentId) ? $"{runAgentId[..(runAgentId.IndexOf('~', StringComparison.Ordinal) + 1)]}{agentId}" : agentId;
}
