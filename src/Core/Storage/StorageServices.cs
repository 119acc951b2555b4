using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Yggdrasil.Foundation.Settings;
using Yggdrasil.Storage.Due;

namespace Yggdrasil.Storage;

/// <summary>Registers tables, blobs, queues and the rows that are looked at when they are due.</summary>
internal static class StorageServices
{
    public static void AddStorage(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSettingsCheck(() => StorageSettings.Problems(configuration));
        services.TryAddSingleton(provider => new StorageClients(provider.GetRequiredService<IConfiguration>()));
        services.AddSettings<RetentionOptions>(configuration, RetentionOptions.Section, options => options.Problems());
        services.AddSingleton<UnknownValues>();
        services.AddSingleton<Contention>();
        services.AddSingleton<ContentVault>();
        services.AddSingleton<RowRemoval>();
        services.AddSingleton<DueStore>();
    }
}
