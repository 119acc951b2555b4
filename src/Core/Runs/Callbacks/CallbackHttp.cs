using Microsoft.Extensions.Logging;
using Yggdrasil.Tools.Egress;

namespace Yggdrasil.Runs.Callbacks;

/// <summary>HTTP to the addresses that callers name for callbacks: any host of the public internet, by https.</summary>
/// <remarks>
/// The guard of the HTTP tools without their list: a callback's body says nothing that is not the caller's, is signed, and
/// goes where the caller said when starting the run, not where a model says.
/// </remarks>
internal sealed class CallbackHttp(EgressGuard guard, TimeProvider time, ILogger<GuardedHttp> logger) : IDisposable
{
    private readonly GuardedHttp _http = new(guard, time, logger);

    /// <exception cref="EgressException">The address may not be asked, as far as its text tells.</exception>
    public void Check(string url) => guard.Check(url);

    /// <exception cref="EgressException">The request was refused, or there is no answer.</exception>
    public Task<GuardedStatus> PostAsync(GuardedRequest request, CancellationToken cancellationToken) =>
        _http.SendForStatusAsync(request, cancellationToken);

    public void Dispose() => _http.Dispose();
}
