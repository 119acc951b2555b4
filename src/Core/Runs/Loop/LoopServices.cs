using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Tools;

namespace Yggdrasil.Runs.Loop;

/// <summary>Registers the loop of model and tool calls.</summary>
internal static class LoopServices
{
    public static void AddLoop(this IServiceCollection services)
    {
        services.AddSingleton<ToolGates>();
        services.AddSingleton<ToolExecutor>();
        services.AddSingleton<ToolStep>();
        services.AddSingleton<ModelStep>();
        services.AddSingleton<AnswerRecord>();
        services.AddSingleton<AgentLoop>();
    }
}
