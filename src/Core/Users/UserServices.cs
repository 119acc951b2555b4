using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

namespace Yggdrasil.Users;

/// <summary>Registers what admins said of users.</summary>
internal static class UserServices
{
    public static void AddUsers(this IServiceCollection services)
    {
        services.AddSingleton<UserStore>();
        services.AddSingleton<KnownUsers>();
        services.AddSingleton<UserLimits>();
        services.AddOwn<DisabledUsers>();
    }
}
