using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Agents.Configured;

namespace Yggdrasil.Agents;

/// <summary>What an application adds to the agents.</summary>
public static class AgentExtensions
{
    /// <summary>Defines an agent in code: <c>AddAgent("support", agent => agent.Model("openai:gpt-4.1").Tools("find_order"))</c>.</summary>
    /// <remarks>
    /// It is an agent of the configuration: visible to everyone, read-only. It is validated when the app starts, together with the agents of
    /// settings and files. An id that is defined in two places stops the start.
    /// </remarks>
    /// <param name="services">The application's services.</param>
    /// <param name="id">The agent's id: <c>[A-Za-z0-9][A-Za-z0-9_-]{0,63}</c>.</param>
    /// <param name="define">Says what the agent is; called once, at once.</param>
    public static IServiceCollection AddAgent(this IServiceCollection services, string id, Action<AgentBuilder> define)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(define);
        var builder = new AgentBuilder();
        define(builder);
        return services.AddSingleton(new CodeAgent(id, builder.Definition));
    }
}
