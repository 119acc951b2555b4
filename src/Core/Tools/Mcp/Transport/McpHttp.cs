using System.Net;
using Yggdrasil.Tools.Egress;
using Yggdrasil.Tools.Mcp.Configuration;

namespace Yggdrasil.Tools.Mcp.Transport;

/// <summary>The HTTP of one server: to addresses that the guard allows, bounded, with its token and nobody else's.</summary>
/// <remarks>
/// No proxy, which would resolve names itself; no cookies; no redirects, which would carry the token elsewhere; no HTTP/3, whose
/// connections do not pass the guard; no trace headers, since a call's trace is in its <c>_meta</c>.
/// </remarks>
internal static class McpHttp
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    /// <param name="isDevelopment">A server on this machine may be asked.</param>
    public static HttpMessageHandler CreateHandler(McpServerOptions server, IHostResolver resolver, bool isDevelopment)
    {
        var guard = new EgressGuard(
            [new AllowedHost(server.Endpoint.IdnHost, server.Endpoint.Port)], "Mcp__Servers", server.AllowPrivateNetwork || isDevelopment, resolver);
        return new BoundedAnswers(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) => await guard.ConnectAsync(context.DnsEndPoint, cancellationToken),
            ConnectTimeout = ConnectTimeout,
            UseProxy = false,
            UseCookies = false,
            Credentials = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate | DecompressionMethods.Brotli,
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ActivityHeadersPropagator = null,
        });
    }

    public static HttpClient CreateClient(HttpMessageHandler handler, McpTokens tokens) => new(new TokenHandler(tokens, handler))
    {
        // Each request has the time of what it is for.
        Timeout = Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = BoundedAnswers.MaxBytes,
    };

    private sealed class TokenHandler(McpTokens tokens, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var token = await tokens.GetAsync(cancellationToken);
            request.Headers.Authorization = token is null ? null : new("Bearer", token);
            var response = await base.SendAsync(request, cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized)
            {
                // The next request asks for another: this one may have been taken back before its time.
                tokens.Forget();
            }

            return response;
        }
    }
}
