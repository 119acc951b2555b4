using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Users.ApiKeys;

namespace Yggdrasil.Users;

/// <summary>Registers what admins said of users.</summary>
internal static class UserServices
{
    public static void AddUsers(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettings<ApiKeyOptions>(configuration, ApiKeyOptions.Section, options => options.Problems());
        services.AddSingleton<ApiKeyStore>();
        services.AddOwn<ApiKeyAuthentication>();
        services.AddSingleton<UserStore>();
        services.AddSingleton<KnownUsers>();
        services.AddSingleton<UserLimits>();
        services.AddOwn<DisabledUsers>();
    }
}
