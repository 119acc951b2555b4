using System.Text.Json;
using Microsoft.Extensions.AI;
using Yggdrasil.Agents;
using Yggdrasil.Runs.Model;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Delegation;

/// <summary>The agents among an agent's tools, written <c>agent:researcher</c>: a call of one is a run of it.</summary>
/// <remarks>
/// Providers allow no colon in a tool's name, so models know it as <c>agent_researcher</c>. Whoever runs an agent that was shared
/// may ask those of its owner's agents that are shared too: the call has the rights of the run's caller and no others.
/// </remarks>
internal static class DelegateTools
{
    /// <summary>How many runs may stand one above the other, the first not counted.</summary>
    public const int MaxDepth = 4;

    /// <summary>What all of them look like to those who check arguments, which depend on nothing else.</summary>
    public static AgentTool Shape { get; } = new()
    {
        Declaration = AIFunctionFactory.CreateDeclaration("agent", "An agent.", Schema()),
        Distributed = true,
        Idempotent = true,
        InvokeAsync = static (_, _, _, _) => Task.FromException<string>(new InvalidOperationException("An agent is run, not invoked.")),
    };

    /// <summary>The agent that a run's model calls by this name; null when the run has none such.</summary>
    public static AgentTool? Find(Run run, string name) =>
        run.Agent.Tools.FirstOrDefault(tool => DelegateNames.IsDelegate(tool) && DelegateNames.NameOf(tool) == name) is { } tool ? Describe(run, tool) : null;

    /// <summary>What a run's model is told of one.</summary>
    public static AgentTool Describe(Run run, string tool)
    {
        var described = run.Agent.DelegateDescriptions?.GetValueOrDefault(DelegateNames.IdOf(tool));
        var text = $"Asks the agent \"{DelegateNames.IdOf(tool)}\" and answers what it says. {described}".TrimEnd();
        return Shape with
        {
            AgentId = DelegateNames.IdOf(tool),
            Declaration = AIFunctionFactory.CreateDeclaration(DelegateNames.NameOf(tool), text, Shape.Declaration.JsonSchema),
        };
    }

    /// <summary>Why a run may not ask an agent, in words for its model; null when it may.</summary>
    public static string? Obstacle(Run run, string agentId)
    {
        var id = DelegateNames.IdFor(run.AgentId, agentId);
        if (id == run.AgentId || run.Ancestors.Contains(id))
        {
            return $"The agent \"{agentId}\" is already working on this: it has asked for this run.";
        }

        return run.Ancestors.Count >= MaxDepth ? $"Agents may ask each other {MaxDepth} levels deep, and this is the last." : null;
    }

    private static JsonElement Schema()
    {
        using var schema = JsonDocument.Parse(
            """
            {"type":"object","properties":{"input":{"type":"string","minLength":1,
            "description":"What the agent is to do, with all that it needs to know: it sees nothing of what was said here."}},
            "required":["input"],"additionalProperties":false}
            """);
        return schema.RootElement.Clone();
    }
}
