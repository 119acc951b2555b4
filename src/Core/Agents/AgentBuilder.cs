using System.Text.Json;

namespace Yggdrasil.Agents;

/// <summary>What code says of an agent, see <see cref="AgentExtensions.AddAgent"/>. Each method replaces what an earlier call of it said.</summary>
public sealed class AgentBuilder
{
    internal AgentBuilder()
    {
    }

    internal AgentDefinition Definition { get; private set; } = new() { Model = "" };

    /// <summary>The model, as <c>provider:model</c>. Required.</summary>
    public AgentBuilder Model(string model) => With(agent => agent with { Model = model });

    /// <summary>Models that are tried in this order when the first cannot answer.</summary>
    public AgentBuilder Fallbacks(params IReadOnlyList<string> models) => With(agent => agent with { Fallbacks = models });

    /// <summary>What other agents and the console are told of this one.</summary>
    public AgentBuilder Description(string description) => With(agent => agent with { Description = description });

    /// <summary>The system prompt.</summary>
    public AgentBuilder Instructions(string instructions) => With(agent => agent with { Instructions = instructions });

    /// <summary>Names of the tools that the model may call; <c>agent:id</c> for another agent.</summary>
    public AgentBuilder Tools(params IReadOnlyList<string> tools) => With(agent => agent with { Tools = tools });

    /// <summary>Names of the skills that the model is told of and may read.</summary>
    public AgentBuilder Skills(params IReadOnlyList<string> skills) => With(agent => agent with { Skills = skills });

    /// <summary>Tools, among <see cref="Tools"/>, whose every call waits for a human decision.</summary>
    public AgentBuilder Approvals(params IReadOnlyList<string> tools) => With(agent => agent with { Approvals = tools });

    /// <summary>Who decides besides the caller and admins, as <c>user:id</c> or <c>role:name</c>.</summary>
    public AgentBuilder Approvers(params IReadOnlyList<string> approvers) => With(agent => agent with { Approvers = approvers });

    /// <summary>The channel of the settings where people are told of each call that waits for approval.</summary>
    public AgentBuilder Notify(string channel) => With(agent => agent with { Notify = channel });

    /// <summary>The JSON schema that the final answer must satisfy.</summary>
    public AgentBuilder ResponseSchema(JsonElement schema) => With(agent => agent with { ResponseSchema = schema });

    /// <summary>Sets any other field: <c>agent.With(definition => definition with { MaxTurns = 5 })</c>.</summary>
    public AgentBuilder With(Func<AgentDefinition, AgentDefinition> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        Definition = change(Definition) ?? throw new ArgumentException("The change made no definition.", nameof(change));
        return this;
    }
}
