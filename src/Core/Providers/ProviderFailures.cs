using System.ClientModel;
using System.Globalization;
using System.Text.Json;
using Anthropic.Exceptions;
using Azure.Identity;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Yggdrasil.Providers;

/// <summary>The one place that says what a provider's failure means (design, section 6).</summary>
/// <remarks>
/// Statuses of every package are classified before the package sees them, by <see cref="FailureStatusHandler"/>: only
/// there are the headers and the body still at hand. What is left are network failures, unreadable answers, errors
/// inside a stream, credentials, timeouts and an open breaker.
/// </remarks>
internal static class ProviderFailures
{
    public static ProviderException FromStatus(
        string provider, int status, UpstreamError error, TimeSpan? retryAfter = null, Exception? exception = null)
    {
        var number = status.ToString(CultureInfo.InvariantCulture);
        return status switch
        {
            // Money and quota do not come back within a retry, unlike a rate.
            429 when error == UpstreamError.QuotaExhausted => new(
                "provider_rate_limited", FailureClass.NextProvider, $"{provider} refused the call: our quota there is used up.", retryAfter, exception),
            429 => new("provider_rate_limited", FailureClass.RetrySame, $"{provider} limits our rate (429).", retryAfter, exception),
            408 or 504 => new("provider_timeout", FailureClass.RetrySame, $"{provider} timed out ({number}).", retryAfter, exception),
            >= 500 or 425 => new("provider_unavailable", FailureClass.RetrySame, $"{provider} failed ({number}).", retryAfter, exception),
            401 or 402 or 403 => new(
                "provider_credentials", FailureClass.NextProvider, $"{provider} refused our credentials ({number}).", retryAfter, exception),
            < 400 => new("provider_unavailable", FailureClass.NextProvider, $"{provider} did not answer as a model API ({number}).", retryAfter, exception),
            _ => Rejection(provider, number, error, exception),
        };
    }

    /// <summary>Classifies what a package or Polly threw. Never for the caller's own cancellation.</summary>
    public static ProviderException FromException(string provider, Exception exception)
    {
        // Packages wrap: the cause that tells most may be some levels down.
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (Classify(provider, cause, exception) is { } failure)
            {
                return failure;
            }
        }

        // Unknown, so not known to pass: no retry and no count against the breaker, which one caller's odd request
        // could otherwise open for everybody.
        return new ProviderException(
            "provider_unavailable", FailureClass.NextProvider, $"{provider} gave no answer that could be read.", null, exception);
    }

    /// <summary>An answer that holds nothing: neither content nor a reason why it ended.</summary>
    public static ProviderException EmptyAnswer(string provider) =>
        new("provider_unavailable", FailureClass.RetrySame, $"{provider} sent an answer without content.");

    private static ProviderException? Classify(string provider, Exception cause, Exception whole) => cause switch
    {
        ProviderException classified => classified,
        ClientResultException { Status: > 0 } result => FromStatus(provider, result.Status, UpstreamError.Other, null, whole),
        AnthropicApiException api => FromStatus(
            provider, (int)api.StatusCode, UpstreamErrors.Read(api.ResponseBody), null, whole),
        AnthropicSseException sse => InStream(provider, sse, whole),
        HttpRequestException { StatusCode: { } status } => FromStatus(provider, (int)status, UpstreamError.Other, null, whole),
        BrokenCircuitException => new(
            "provider_unavailable", FailureClass.NextProvider, $"{provider} failed repeatedly and is left alone for a while.", null, whole),
        TimeoutRejectedException or TimeoutException or OperationCanceledException => new(
            "provider_timeout", FailureClass.RetrySame, $"{provider} did not answer in time.", null, whole),
        AuthenticationFailedException => new(
            "provider_credentials", FailureClass.NextProvider, $"No identity could be obtained for {provider}.", null, whole),
        HttpRequestException or IOException => new(
            "provider_unavailable", FailureClass.RetrySame, $"{provider} could not be reached, or the connection broke.", null, whole),
        JsonException or FormatException or AnthropicInvalidDataException => new(
            "provider_unavailable", FailureClass.RetrySame, $"{provider} sent a malformed answer.", null, whole),
        _ => null,
    };

    private static ProviderException InStream(string provider, AnthropicSseException exception, Exception whole) =>
        exception.Type?.Raw() switch
        {
            "invalid_request_error" => FromStatus(provider, 400, UpstreamError.Other, null, whole),
            "rate_limit_error" => FromStatus(provider, 429, UpstreamError.Other, null, whole),
            _ => FromStatus(provider, 529, UpstreamError.Other, null, whole),
        };

    private static ProviderException Rejection(string provider, string status, UpstreamError error, Exception? exception) =>
        error switch
        {
            UpstreamError.ContentFilter => new(
                "content_filter", FailureClass.Stop, $"{provider} refused the content.", null, exception),
            UpstreamError.ContextTooLong => new(
                "context_too_long", FailureClass.Stop, $"The conversation is too long for the model of {provider}.", null, exception),
            _ => new("provider_rejected", FailureClass.Stop, $"{provider} rejected the request ({status}).", null, exception),
        };
}
