using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Agents;

/// <summary>Registers agents, those of the configuration among them.</summary>
internal static class AgentServices
{
    public static void AddAgents(this IServiceCollection services)
    {
        services.AddSingleton<AgentValidator>();
        services.AddSingleton<IAgentSource, SettingsAgents>();
        services.AddSingleton<IAgentSource, CodeAgents>();
        services.AddOwn<ConfiguredAgents>();
        services.AddSingleton<KnownAgents>();
        services.AddSingleton<AgentStore>();
        services.AddSingleton<AgentShareStore>();
        services.AddOwn<AgentService>();
        services.AddOwn<AgentSharing>();
        services.AddSettingsCheck(provider => provider.GetRequiredService<ConfiguredAgents>());
    }
}
