using System.ClientModel;
using System.Security.Authentication;
using System.Text.Json;
using Anthropic.Exceptions;
using Azure;
using Azure.Identity;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Yggdrasil.Models.Configuration;

namespace Yggdrasil.Models.Failures;

/// <summary>The one place that says what a provider's failure means (design, section 6).</summary>
/// <remarks>
/// Statuses of every package are classified before the package sees them, by <see cref="FailureStatusHandler"/>: only
/// there are the headers and the body still at hand. What is left are network failures, unreadable answers, errors
/// inside a stream, credentials, timeouts and an open breaker.
/// </remarks>
internal static class ProviderFailures
{
    private const int BadGateway = 502;

    /// <param name="provider">The provider's name, which begins the message.</param>
    /// <param name="status">The HTTP status: any but success.</param>
    /// <param name="error">What the body adds to it.</param>
    /// <param name="retryAfter">How long the provider asked us to wait, where it did.</param>
    /// <param name="cause">The package's exception, where there is one.</param>
    public static ProviderException FromStatus(
        string provider, int status, UpstreamError error, TimeSpan? retryAfter = null, Exception? cause = null)
    {
        var told = new Told(provider, status, error.Reason, retryAfter ?? error.RetryAfter, cause);
        return status < 400 ? told.Next(ProviderException.Unavailable, $"did not answer as a model API ({status}).")
            : OfKind(told, error.Kind) ?? OfStatus(told);
    }

    /// <summary>An error that came in place of an answer, or within one, under a status of success.</summary>
    public static ProviderException FromBody(string provider, UpstreamError error) =>
        FromStatus(provider, error.Status ?? StatusOf(error.Kind), error);

    /// <summary>What a failure without a status would have come with.</summary>
    private static int StatusOf(UpstreamErrorKind kind) => kind switch
    {
        UpstreamErrorKind.QuotaExhausted => 402,
        UpstreamErrorKind.RateLimited or UpstreamErrorKind.OverRate => 429,
        UpstreamErrorKind.ContextTooLong or UpstreamErrorKind.ContentFilter or UpstreamErrorKind.ModelUnavailable => 400,
        _ => BadGateway,
    };

    private static ProviderException? OfKind(Told told, UpstreamErrorKind kind) => kind switch
    {
        UpstreamErrorKind.ContentFilter when told.Status < 500 => told.Stop(ProviderException.ContentFilter, "refused the content."),
        UpstreamErrorKind.ContextTooLong when told.Status != 429 =>
            new("context_too_long", FailureClass.Stop, $"The conversation is too long for the model of {told.Provider}.", innerException: told.Cause) { Reason = told.Reason },

        // Money and quota do not come back within a retry, unlike a rate.
        UpstreamErrorKind.QuotaExhausted when told.Status == 429 =>
            told.Next("provider_rate_limited", "refused the call: our quota there is used up.", concernsAccount: true),
        UpstreamErrorKind.QuotaExhausted when told.Status < 500 =>
            told.Next("provider_credentials", "refused the call: our credit there is used up.", concernsAccount: true),
        UpstreamErrorKind.OverRate => told.Next("provider_rate_limited", "refused the call: it alone is more than our rate there allows."),
        UpstreamErrorKind.RateLimited when told.Status is 413 or 400 or 422 => told.Next("provider_rate_limited", $"limits our rate ({told.Status})."),
        UpstreamErrorKind.ModelSlip => told.Retry("tool_use_failed", "could not read what its model wrote.", isModelsSlip: true),
        UpstreamErrorKind.ModelUnavailable when told.Status is not (401 or 402 or 408 or 429) and < 500 =>
            told.Next("model_unavailable", $"does not offer this model, or not what is asked of it ({told.Status})."),
        _ => null,
    };

    private static ProviderException OfStatus(Told told) => told.Status switch
    {
        429 => told.Retry("provider_rate_limited", "limits our rate (429)."),
        408 or 504 => told.Retry("provider_timeout", $"timed out ({told.Status})."),
        >= 500 or 425 => told.Retry(ProviderException.Unavailable, $"failed ({told.Status})."),
        401 or 402 or 403 => told.Next("provider_credentials", $"refused our credentials ({told.Status})."),
        410 => told.Next("model_unavailable", "does not offer this model any more (410)."),
        _ => told.Stop("provider_rejected", $"rejected the request ({told.Status})."),
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

    /// <summary>Whether a provider was reached and answered with an error status, so that the call costs nothing.</summary>
    public static bool WasRefused(Exception exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is ProviderException or AnthropicApiException or ClientResultException { Status: > 0 } or RequestFailedException { Status: > 0 }
                or HttpRequestException { StatusCode: not null })
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>An answer that holds nothing: neither content nor a reason why it ended.</summary>
    public static ProviderException EmptyAnswer(string provider) =>
        Retry("provider_unavailable", $"{provider} sent an answer without content.", cause: null);

    /// <summary>A stream that ended before the model said that it had.</summary>
    public static ProviderException CutOff(string provider) =>
        Retry("provider_unavailable", $"{provider} broke off its answer.", cause: null);

    /// <summary>An answer that its provider gave up, and says so in the place of a reason.</summary>
    public static ProviderException GaveUp(string provider, string reason) =>
        new(ProviderException.Unavailable, FailureClass.RetrySame, $"{provider} gave up its answer.")
        {
            Reason = new UpstreamReason(reason, type: null, param: null, message: null),
        };

    /// <summary>An answer that is none of the provider's format.</summary>
    public static ProviderException Malformed(string provider) =>
        Retry(ProviderException.Unavailable, $"{provider} sent a malformed answer.", cause: null);

    /// <summary>A page or a word in place of an answer: what stands between may be better soon.</summary>
    public static ProviderException NoModelApi(string provider) =>
        Retry(ProviderException.Unavailable, $"{provider} did not answer as a model API.", cause: null);

    /// <summary>An answer beyond the bound; the same model might do it again.</summary>
    public static ProviderException AnswerTooLong(string provider, int kilobytes) =>
        Next("answer_too_long", $"The answer of {provider} was over {kilobytes} KB and was cut.", cause: null);

    /// <summary>An answer that goes on for too long; the same model would do it again.</summary>
    public static ProviderException EndlessStream(ProviderOptions provider) =>
        Next("provider_timeout", $"{provider.Name} did not come to an end of its answer within {provider.StreamSeconds} s.", cause: null);

    /// <summary>A call that would have to wait behind too many others.</summary>
    public static ProviderException QueueFull(string provider) =>
        Next("provider_unavailable", $"Too many calls wait for {provider} already.", cause: null);

    /// <summary>A call that would not be made even if a slot were free.</summary>
    public static ProviderException LeftAlone(string provider, Exception? cause = null) =>
        Next("provider_unavailable", $"{provider} failed repeatedly and is left alone for a while.", cause);

    private static ProviderException? Classify(string provider, Exception exception, Exception whole) => exception switch
    {
        ProviderException classified => classified,
        ClientResultException { Status: > 0 } result =>
            FromStatus(provider, result.Status, UpstreamError.None, cause: whole),
        RequestFailedException { Status: > 0 } result =>
            FromStatus(provider, result.Status, UpstreamError.None, cause: whole),
        AnthropicApiException api =>
            FromStatus(provider, (int)api.StatusCode, UpstreamErrors.Read(api.ResponseBody), cause: whole),
        AnthropicSseException sse =>
            FromStatus(provider, UpstreamErrorMarks.StatusOf(sse.Type?.Raw()) ?? 529, UpstreamError.None, cause: whole),
        HttpRequestException { StatusCode: { } status } =>
            FromStatus(provider, (int)status, UpstreamError.None, cause: whole),
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

    private static ProviderException Retry(string code, string message, Exception? cause, TimeSpan? retryAfter = null) =>
        new(code, FailureClass.RetrySame, message, retryAfter, cause);

    private static ProviderException Next(string code, string message, Exception? cause, TimeSpan? retryAfter = null) =>
        new(code, FailureClass.NextProvider, message, retryAfter, cause);

    /// <summary>What a provider told with a failure; each becomes a <see cref="ProviderException"/> that its name begins.</summary>
    private readonly record struct Told(string Provider, int Status, UpstreamReason? Reason, TimeSpan? RetryAfter, Exception? Cause)
    {
        public ProviderException Retry(string code, string message, bool isModelsSlip = false) =>
            new(code, FailureClass.RetrySame, $"{Provider} {message}", RetryAfter, Cause) { Reason = Reason, IsModelsSlip = isModelsSlip };

        public ProviderException Next(string code, string message, bool concernsAccount = false) =>
            new(code, FailureClass.NextProvider, $"{Provider} {message}", RetryAfter, Cause) { Reason = Reason, ConcernsAccount = concernsAccount };

        public ProviderException Stop(string code, string message) =>
            new(code, FailureClass.Stop, $"{Provider} {message}", RetryAfter, Cause) { Reason = Reason };
    }
}
