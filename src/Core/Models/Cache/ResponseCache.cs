using System.Text.Json;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.Hybrid;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Internal;
using Yggdrasil.Models.Clients;
using Yggdrasil.Models.Failures;
using Yggdrasil.Storage;

namespace Yggdrasil.Models.Cache;

/// <summary>Answers of models, in memory and behind that in storage. Whoever asks what somebody is already asking waits for that answer.</summary>
internal sealed class ResponseCache : IDisposable
{
    /// <summary>The additional property of an answer that was kept.</summary>
    internal const string CachedMark = "yggdrasil.cached";

    private readonly ServiceProvider _services;
    private readonly HybridCache _cache;

    public ResponseCache(ResponseCacheTable table, CacheOptions options, TimeProvider time)
    {
        // Services of its own: the memory has a bound that nobody else's entries share, and no other cache of the host takes
        // this table for its second level.
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddMemoryCache(memory => (memory.SizeLimit, memory.Clock) = (options.MemoryMegabytes * 1024L * 1024L, new Clock(time)));
        services.AddSingleton<IDistributedCache>(table);
        services.AddHybridCache(cache => cache.MaximumPayloadBytes = ResponseCacheTable.MaxBytes);
        _services = services.BuildServiceProvider();
        _cache = _services.GetRequiredService<HybridCache>();
    }

    /// <summary>The kept answer, or the one that another caller is just getting; otherwise <paramref name="pending"/> is asked.</summary>
    /// <returns>Null when somebody else asked and that answer must not be shared: the caller has to ask itself.</returns>
    /// <exception cref="ProviderException">No model could answer, whoever asked. That is not kept.</exception>
    public async Task<ChatResponse?> FindOrAskAsync(ResponseCacheKey key, TimeSpan ttl, PendingAnswer pending, CancellationToken cancellationToken)
    {
        try
        {
            var kept = await _cache.GetOrCreateAsync(
                key.ToString(), pending, static (caller, token) => caller.AskAsync(token),
                new HybridCacheEntryOptions { Expiration = ttl, LocalCacheExpiration = ttl }, tags: null, cancellationToken);
            return pending.Answer ?? Unpack(kept);
        }
        catch (PendingAnswer.NotKeptException)
        {
            return pending.Answer;
        }
        catch (ProviderBusyException) when (ModelCaller.Current is not { IsActivity: true })
        {
            // Somebody asked who may not wait for a slot; this caller may.
            return null;
        }
    }

    /// <summary>Whether an answer came from the cache.</summary>
    public static bool IsCached(ChatResponse response) => response.AdditionalProperties?.ContainsKey(CachedMark) == true;

    /// <summary>An answer as it is kept; null for one that is too large or of a kind that cannot be stored.</summary>
    public static byte[]? Pack(ChatResponse response)
    {
        try
        {
            var bytes = JsonSerializer.SerializeToUtf8Bytes(response, StoredJson.Options);
            return bytes.Length <= ResponseCacheTable.MaxBytes ? bytes : null;
        }
        catch (Exception unfit) when (unfit is NotSupportedException or JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    public void Dispose() => _services.Dispose();

    /// <summary>A kept answer, which costs nothing; null when it is in a form that this version does not know.</summary>
    private static ChatResponse? Unpack(byte[] bytes)
    {
        ChatResponse? response;
        try
        {
            response = JsonSerializer.Deserialize<ChatResponse>(bytes, StoredJson.Options);
        }
        catch (Exception unknown) when (unknown is NotSupportedException or JsonException)
        {
            return null;
        }

        if (response is not null)
        {
            response.Usage = new UsageDetails { InputTokenCount = 0, OutputTokenCount = 0, TotalTokenCount = 0 };
            (response.AdditionalProperties ??= [])[CachedMark] = true;
        }

        return response;
    }

    private sealed class Clock(TimeProvider time) : ISystemClock
    {
        public DateTimeOffset UtcNow => time.GetUtcNow();
    }
}
