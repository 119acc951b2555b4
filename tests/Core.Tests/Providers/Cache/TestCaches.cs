using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yggdrasil.Models.Cache;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Security;

namespace Yggdrasil.Tests.Providers.Cache;

internal static class TestCaches
{
    public static (ResponseCache Cache, ResponseCacheTable Table) New(
        StorageClients storage, ContentProtector protector, TimeProvider? time = null, ILogger<ResponseCacheTable>? logger = null)
    {
        time ??= TimeProvider.System;
        var table = new ResponseCacheTable(storage, protector, time, logger ?? NullLogger<ResponseCacheTable>.Instance);
        return (new ResponseCache(table, new CacheOptions(), time), table);
    }

    /// <summary>The table as those see it who only remove from it.</summary>
    public static ResponseCacheTable Table(StorageClients storage) => New(storage, new ContentProtector(TestKeys.Ring(TestKeys.New()))).Table;

    /// <summary>For agents that have no cache: there is no storage behind it.</summary>
    public static ResponseCache Unused { get; } = New(
        new StorageClients(new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [StorageClients.Setting] = "UseDevelopmentStorage=true" }).Build()),
        new ContentProtector(TestKeys.Ring(TestKeys.New()))).Cache;
}
