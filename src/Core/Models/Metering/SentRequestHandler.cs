namespace Yggdrasil.Models.Metering;

/// <summary>Tells the <see cref="CallLedger"/> whether a request got through: one that was refused, or reached nobody, costs nothing.</summary>
internal sealed class SentRequestHandler(HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        CallLedger.Requested();
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                CallLedger.NotTaken();
            }

            return response;
        }
        catch (Exception failure) when (HasReachedNobody(failure, cancellationToken))
        {
            CallLedger.NotTaken();
            throw;
        }
    }

    /// <summary>Whether a call that failed has reached nobody, so that it costs nothing.</summary>
    /// <remarks>A connection that could not be made in time is reported as a cancellation that nobody asked for.</remarks>
    public static bool HasReachedNobody(Exception failure, CancellationToken cancellationToken) => failure switch
    {
        HttpRequestException http => http.HttpRequestError is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
        OperationCanceledException { InnerException: TimeoutException } => !cancellationToken.IsCancellationRequested,
        _ => false,
    };
}
