using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;

namespace Yggdrasil.Storage;

/// <summary>How a storage emulator on this machine is reached: directly.</summary>
/// <remarks>
/// .NET sends loopback addresses to the proxy of <c>HTTP_PROXY</c> too, unless <c>NO_PROXY</c> names them. A proxy elsewhere would look for
/// the emulator on its own machine, and would see the account's signed requests.
/// </remarks>
public static class LoopbackTransport
{
    private static readonly HttpClientTransport Direct = new(new HttpClient(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
    })
    {
        // Each client has its own: see StorageRetries.
        Timeout = Timeout.InfiniteTimeSpan,
    });

    /// <summary>Makes clients of the account that a connection string names go past any proxy, where it is on this machine.</summary>
    public static T PastProxies<T>(this T options, string connectionString)
        where T : ClientOptions
    {
        if (new TableServiceClient(connectionString).Uri.IsLoopback)
        {
            options.Transport = Direct;
        }

        return options;
    }
}
