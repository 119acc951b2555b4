using Microsoft.Extensions.DependencyInjection;
using Yggdrasil.Foundation;

namespace Yggdrasil.Operations.ApiKeys;

/// <summary>Registers what users and operators do with API keys.</summary>
internal static class ApiKeyServices
{
    public static void AddApiKeyManagement(this IServiceCollection services) => services.AddOwn<ApiKeyService>();
}
