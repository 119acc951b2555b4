using System.Net;

namespace Yggdrasil.Models.Transport;

/// <summary>
/// Asks for HTTP/2: the packages' requests say 1.1. Over TLS the server chooses; without TLS there is nothing to choose by,
/// and 1.1 it is.
/// </summary>
internal sealed class NewestHttpHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionOrLower);
        return base.SendAsync(request, cancellationToken);
    }
}
