using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

namespace Yggdrasil.Operations.UserData;

/// <summary>Registers the export and removal of what users have.</summary>
internal static class UserDataServices
{
    public static void AddUserData(this IServiceCollection services)
    {
        services.AddSingleton<BatchExport>();
        services.AddOwn<UserExport>();
        services.AddOwn<UserDataRemoval>();
        services.AddOwn<UserService>();
    }
}
