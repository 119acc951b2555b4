using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Identity.Authentication;

namespace Yggdrasil.Identity;

/// <summary>Registers how callers are known.</summary>
internal static class IdentityServices
{
    public static void AddCallers(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<AuthOptions>(configuration, AuthOptions.Section);
        services.AddSingleton<IValidateOptions<AuthOptions>, AuthOptionsValidator>();
        services.AddSingleton<IssuerMetadata>();
        services.AddSingleton<IAuthentication>(provider =>
            provider.GetRequiredService<IOptions<AuthOptions>>().Value.Mode == AuthOptions.DevelopmentMode
                ? ActivatorUtilities.CreateInstance<DevelopmentAuthentication>(provider)
                : ActivatorUtilities.CreateInstance<JwtAuthentication>(provider));
    }
}
