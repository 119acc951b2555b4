using System.Net;
using System.Text;
using Yggdrasil.Models.Metering;

namespace Yggdrasil.Models.Failures;

/// <summary>
/// Turns every answer but success into a classified <see cref="ProviderException"/>, before the vendor's package sees it:
/// the packages disagree on what of <c>Retry-After</c> and of the body their exceptions keep.
/// </summary>
internal sealed class FailureStatusHandler(string provider, TimeProvider time, HttpMessageHandler inner)
    : DelegatingHandler(inner)
{
    private const int MaxErrorBytes = 64 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var error = UpstreamErrors.Read(await ReadBodyAsync(response, cancellationToken), SentKey.Of(request));
            throw ProviderFailures.FromStatus(provider, (int)response.StatusCode, error, RetryAfter(response, error));
        }
    }

    private static async Task<string?> ReadBodyAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxErrorBytes];
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            return Encoding.UTF8.GetString(buffer, 0, length);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            // The status arrived and says more than the broken body would.
            return null;
        }
    }

    /// <summary>What the provider says outright, else what its body says, else when the limits it counts are lifted.</summary>
    private TimeSpan? RetryAfter(HttpResponseMessage response, UpstreamError error)
    {
        var now = time.GetUtcNow();
        return WaitHint.FromHeaders(Header, now) ?? error.RetryAfter
            ?? (response.StatusCode == HttpStatusCode.TooManyRequests ? WaitHint.FromLimits(Header, now) : null);

        string? Header(string name) => response.Headers.TryGetValues(name, out var values) ? values.First() : null;
    }
}
