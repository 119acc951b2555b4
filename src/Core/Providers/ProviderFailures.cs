using System.ClientModel;
using System.Security.Authentication;
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
    /// <param name="provider">The provider's name, which begins the message.</param>
    /// <param name="status">The HTTP status: any but success.</param>
    /// <param name="error">What the body adds to it.</param>
    /// <param name="retryAfter">How long the provider asked us to wait, where it did.</param>
    /// <param name="cause">The package's exception, where there is one.</param>
    public static ProviderException FromStatus(
        string provider, int status, UpstreamError error, TimeSpan? retryAfter = null, Exception? cause = null) => status switch
    {
        // Money and quota do not come back within a retry, unlike a rate.
        429 when error == UpstreamError.QuotaExhausted =>
            Next("provider_rate_limited", $"{provider} refused the call: our quota there is used up.", cause, retryAfter),
        429 => Retry("provider_rate_limited", $"{provider} limits our rate (429).", cause, retryAfter),
        408 or 504 => Retry("provider_timeout", $"{provider} timed out ({status}).", cause, retryAfter),
        >= 500 or 425 => Retry("provider_unavailable", $"{provider} failed ({status}).", cause, retryAfter),
        401 or 402 or 403 => Next("provider_credentials", $"{provider} refused our credentials ({status}).", cause),
        < 400 => Next("provider_unavailable", $"{provider} did not answer as a model API ({status}).", cause),
        _ => error switch
        {
            UpstreamError.ContentFilter => Stop(ProviderException.ContentFilter, $"{provider} refused the content.", cause),
            UpstreamError.ContextTooLong =>
                Stop("context_too_long", $"The conversation is too long for the model of {provider}.", cause),
            _ => Stop("provider_rejected", $"{provider} rejected the request ({status}).", cause),
        },
    };

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
        return Next("provider_unavailable", $"{provider} gave no answer that could be read.", exception);
    }

    /// <summary>An answer that holds nothing: neither content nor a reason why it ended.</summary>
    public static ProviderException EmptyAnswer(string provider) =>
        Retry("provider_unavailable", $"{provider} sent an answer without content.", cause: null);

    /// <summary>A stream that ended before the model said that it had.</summary>
    public static ProviderException CutOff(string provider) =>
        Retry("provider_unavailable", $"{provider} broke off its answer.", cause: null);

    /// <summary>An answer that goes on for too long; the same model would do it again.</summary>
    public static ProviderException EndlessStream(ProviderOptions provider) =>
        Next("provider_timeout", $"{provider.Name} did not come to an end of its answer within {provider.StreamSeconds} s.", cause: null);

    /// <summary>A call that would have to wait behind too many others.</summary>
    public static ProviderException QueueFull(string provider) =>
        Next("provider_unavailable", $"Too many calls wait for {provider} already.", cause: null);

    /// <summary>A call that would not be made even if its turn came.</summary>
    public static ProviderException LeftAlone(string provider, Exception? cause = null) =>
        Next("provider_unavailable", $"{provider} failed repeatedly and is left alone for a while.", cause);

    private static ProviderException? Classify(string provider, Exception exception, Exception whole) => exception switch
    {
        ProviderException classified => classified,
        ClientResultException { Status: > 0 } result =>
            FromStatus(provider, result.Status, UpstreamError.Other, cause: whole),
        AnthropicApiException api =>
            FromStatus(provider, (int)api.StatusCode, UpstreamErrors.Read(api.ResponseBody), cause: whole),
        AnthropicSseException sse =>
            FromStatus(provider, StatusOf(sse.Type?.Raw()), UpstreamError.Other, cause: whole),
        HttpRequestException { StatusCode: { } status } =>
            FromStatus(provider, (int)status, UpstreamError.Other, cause: whole),
        BrokenCircuitException => LeftAlone(provider, whole),
        TimeoutRejectedException or TimeoutException or OperationCanceledException =>
            Retry("provider_timeout", $"{provider} did not answer in time.", whole),
        AuthenticationFailedException =>
            Next("provider_credentials", $"No identity could be obtained for {provider}.", whole),
        AuthenticationException =>
            Next("provider_unavailable", $"No secure connection to {provider} could be made: its certificate or protocol is not accepted.", whole),
        HttpRequestException { InnerException: AuthenticationException } => null,
        HttpRequestException or IOException =>
            Retry("provider_unavailable", $"{provider} could not be reached, or the connection broke.", whole),
        JsonException or FormatException or AnthropicInvalidDataException =>
            Retry("provider_unavailable", $"{provider} sent a malformed answer.", whole),
        _ => null,
    };

    /// <summary>The status that Anthropic would have sent, had the error come before the stream.</summary>
    private static int StatusOf(string? errorType) => errorType switch
    {
        "invalid_request_error" => 400,
        "rate_limit_error" => 429,
        _ => 529,
    };

    private static ProviderException Retry(string code, string message, Exception? cause, TimeSpan? retryAfter = null) =>
        new(code, FailureClass.RetrySame, message, retryAfter, cause);

    private static ProviderException Next(string code, string message, Exception? cause, TimeSpan? retryAfter = null) =>
        new(code, FailureClass.NextProvider, message, retryAfter, cause);

    private static ProviderException Stop(string code, string message, Exception? cause) =>
        new(code, FailureClass.Stop, message, retryAfter: null, cause);
}
