using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Tools;

namespace Company.Agents_1;

/// <summary>The tools of this app, and the services that they need. The app and LocalHost call this.</summary>
public static class OwnTools
{
    public static IServiceCollection AddOwnTools(this IServiceCollection services) => services.AddAgentTools<OrderTools>();
}
