using Azure.Data.Tables;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;
using Yggdrasil.Models;
using Yggdrasil.Models.Cache;
using Yggdrasil.Protection;
using Yggdrasil.Storage;
using Yggdrasil.Tests.Security;
using Yggdrasil.Tests.Storage;

namespace Yggdrasil.Tests.Providers.Cache;

/// <summary>One process with a response cache, over a table that others share.</summary>
internal sealed class CacheRig : IDisposable
{
    public static readonly TimeSpan Ttl = TimeSpan.FromMinutes(5);

    private static readonly IReadOnlySet<string> PureTools = new HashSet<string> { "pure" };

    public CacheRig(AzuriteFixture azurite, string? key, params string[] previousKeys)
    {
        (Storage, _, Requests) = azurite.Connect();
        var protector = new ContentProtector(TestKeys.Ring(key, previousKeys));
        (Cache, Table) = TestCaches.New(Storage, protector, Time, Log);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public StorageClients Storage { get; }

    public RequestCount Requests { get; }

    public ResponseCache Cache { get; }

    public ResponseCacheTable Table { get; }

    public RecordedLog<ResponseCacheTable> Log { get; } = new();

    /// <summary>A partition of its own for each test, and so no other test's answers.</summary>
    public static ResponseCacheScope NewScope(TimeSpan? ttl = null) =>
        new($"dev!user-{Guid.NewGuid():N}", "0123456789abcdef~agent", 1, ttl ?? Ttl);

    public ResponseCachingChatClient Client(AskedModel model, ResponseCacheScope scope) =>
        new(model, Cache, scope, [new ModelId("scripted", "one")], PureTools);

    public Task<ChatResponse> AskAsync(AskedModel model, ResponseCacheScope scope, string text = "Hello", CancellationToken cancellationToken = default) =>
        Client(model, scope).GetResponseAsync(text, cancellationToken: cancellationToken);

    public IAsyncEnumerable<ChatResponseUpdate> Stream(
        AskedModel model, ResponseCacheScope scope, CancellationToken cancellationToken = default) =>
        Client(model, scope).GetStreamingResponseAsync("Hello", cancellationToken: cancellationToken);

    /// <summary>The rows of those who share a scope, once there are as many: writing goes on behind the answer.</summary>
    public async Task<List<TableEntity>> RowsAsync(ResponseCacheScope scope, int expected)
    {
        var table = await Storage.GetCacheTableAsync(CancellationToken.None);
        var (from, to) = ($"{scope.Partition}!", $"{scope.Partition}\"");
        List<TableEntity> rows = [];
        using var bound = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        do
        {
            rows = await table.QueryAsync<TableEntity>(
                TableClient.CreateQueryFilter($"PartitionKey ge {from} and PartitionKey lt {to}"), cancellationToken: bound.Token).ToListAsync(bound.Token);
        }
        while (rows.Count < expected);

        return rows;
    }

    public void Dispose() => Cache.Dispose();
}
