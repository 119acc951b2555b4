using System.Net;

namespace Yggdrasil.Providers;

/// <summary>The HTTP client of one provider, with a connection pool of its own.</summary>
internal static class ProviderHttp
{
    public static HttpClient Create(ProviderOptions options, TimeProvider time)
    {
        var sockets = new SocketsHttpHandler
        {
            // Addresses behind a vendor's name change; a connection kept for ever would not notice.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            EnableMultipleHttp2Connections = true,
            AutomaticDecompression = DecompressionMethods.All,
            // A redirect would carry prompt and key to an address nobody configured.
            AllowAutoRedirect = false,
            UseCookies = false,
        };
        return new HttpClient(new FailureStatusHandler(options.Name, time, sockets))
        {
            // The pipeline owns the timeout: this one would cut long streams after 100 s.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }
}
