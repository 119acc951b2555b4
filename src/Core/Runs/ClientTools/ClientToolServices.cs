using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Runs.ClientTools;

/// <summary>Registers the tools that callers bring along.</summary>
internal static class ClientToolServices
{
    public static void AddClientTools(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ClientToolOptions>(configuration, ClientToolOptions.Section, options => options.Problems());
        services.AddOwn<ClientToolService>();
    }
}
