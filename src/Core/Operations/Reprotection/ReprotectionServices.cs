using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation.Settings;

namespace Yggdrasil.Operations.Reprotection;

/// <summary>Registers the renewal of content under a new key.</summary>
internal static class ReprotectionServices
{
    public static void AddReprotection(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ReprotectionOptions>(configuration, ReprotectionOptions.Section, options => options.Problems());
        services.AddSingleton<ContentReprotection>();
    }
}
