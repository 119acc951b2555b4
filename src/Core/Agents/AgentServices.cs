using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Agents.Configured;
using Yggdrasil.Agents.Files;
using Yggdrasil.Agents.Skills;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Tools;

namespace Yggdrasil.Agents;

/// <summary>Registers agents, those of the configuration among them.</summary>
internal static class AgentServices
{
    public static void AddAgents(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<AgentFileOptions>(configuration, AgentFileOptions.Section, options => options.Problems());
        services.AddSingleton<AppFolders>();
        services.AddSingleton<SkillFiles>();
        services.AddOwn<SkillCatalog>();
        services.AddSettingsCheck(provider => provider.GetRequiredService<SkillCatalog>().Validate());
        services.AddAgentTools<SkillTool>();
        services.AddSingleton<AgentVariables>();
        services.AddSingleton<AgentFileTools>();
        services.AddSingleton<AgentFileReader>();
        services.AddHostedService<AgentFileWatch>();
        services.AddSingleton<AgentValidator>();
        services.AddSingleton<IAgentSource, SettingsAgents>();
        services.AddSingleton<IAgentSource, CodeAgents>();
        services.AddSingleton<IAgentSource, AgentFiles>();
        services.AddOwn<ConfiguredAgents>();
        services.AddSingleton<KnownAgents>();
        services.AddSingleton<AgentStore>();
        services.AddSingleton<AgentShareStore>();
        services.AddOwn<AgentService>();
        services.AddOwn<AgentSharing>();
        services.AddSettingsCheck(provider => provider.GetRequiredService<ConfiguredAgents>());
    }
}
