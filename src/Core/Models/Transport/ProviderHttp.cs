using System.Net;
using Yggdrasil.Models.Configuration;
using Yggdrasil.Models.Failures;
using Yggdrasil.Models.Metering;
using Yggdrasil.Models.Wire;

namespace Yggdrasil.Models.Transport;

/// <summary>The HTTP client of one provider, with a connection pool of its own.</summary>
internal static class ProviderHttp
{
    private static readonly TimeSpan PingPatience = TimeSpan.FromSeconds(10);

    public static HttpClient Create(ProviderOptions options, TimeProvider time) => Over(Pool(options), options, time);

    public static HttpClient Over(SocketsHttpHandler pool, ProviderOptions options, TimeProvider time) =>
        new(new FailureStatusHandler(options.Name, time, new WireHandler(options, new SentRequestHandler(new NewestHttpHandler(pool)))))
        {
            // Before the first request, of whoever makes it: afterwards it cannot be set any more. OllamaSharp asks by relative addresses.
            BaseAddress = options.Endpoint is { } endpoint ? new Uri($"{endpoint.ToString().TrimEnd('/')}/") : null,

            // The pipeline owns the timeout: this one would cut long streams after 100 s.
            Timeout = Timeout.InfiniteTimeSpan,
        };

    public static SocketsHttpHandler Pool(ProviderOptions options) => new()
    {
        MaxConnectionsPerServer = options.MaxConnections,
        // Addresses behind a vendor's name change; a connection kept for ever would not notice.
        PooledConnectionLifetime = TimeSpan.FromSeconds(options.ConnectionLifetimeSeconds),
        ConnectTimeout = TimeSpan.FromSeconds(options.ConnectSeconds),
        EnableMultipleHttp2Connections = true,
        // A model that thinks is silent for a minute, and networks forget connections that are: a ping keeps them, or
        // finds out. Never without calls in flight: some servers end connections that only ping.
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        KeepAlivePingDelay = TimeSpan.FromSeconds(options.KeepAliveSeconds),
        KeepAlivePingTimeout = PingPatience,
        AutomaticDecompression = DecompressionMethods.All,
        // A redirect would carry prompt and key to an address nobody configured.
        AllowAutoRedirect = false,
        UseCookies = false,
    };
}
