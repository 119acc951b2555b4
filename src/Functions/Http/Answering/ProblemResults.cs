using System.Text.Json.Serialization;
using Yggdrasil.Foundation.Problems;

namespace Yggdrasil.Functions.Http.Answering;

/// <summary>The one mapping from failures to problem details.</summary>
internal static class ProblemResults
{
    private const string ContentType = "application/problem+json";

    public static IResult Create(HttpContext http, string traceId, ProblemException problem)
    {
        var (status, title) = StatusOf(problem);
        WriteHeaders(http, problem);
        return Write(status, new Document(title, status, problem.Message, http.Request.Path, problem.Code, traceId)
        {
            Errors = (problem as InvalidRequestException)?.Errors,
        });
    }

    /// <summary>The status of a problem, whatever protocol it is told in, and its title in ours.</summary>
    public static (int Status, string Title) StatusOf(ProblemException problem) => problem switch
    {
        InvalidRequestException => (StatusCodes.Status400BadRequest, "The request is not valid."),
        UnauthenticatedException => (StatusCodes.Status401Unauthorized, "Credentials are missing or not valid."),
        ForbiddenException => (StatusCodes.Status403Forbidden, "This is not allowed."),
        NotFoundException => (StatusCodes.Status404NotFound, "Not found."),
        ConflictException => (StatusCodes.Status409Conflict, "The state of the resource does not allow this."),
        PreconditionFailedException => (StatusCodes.Status412PreconditionFailed, "The resource has changed."),
        MethodNotAllowedException => (StatusCodes.Status405MethodNotAllowed, "The route does not take this verb."),
        UnsupportedMediaTypeException => (StatusCodes.Status415UnsupportedMediaType, "The body's form is not supported."),
        PayloadTooLargeException => (StatusCodes.Status413PayloadTooLarge, "The request is too large."),
        RequestTimeoutException => (StatusCodes.Status408RequestTimeout, "The request did not arrive in time."),
        StorageUnavailableException => (StatusCodes.Status503ServiceUnavailable, "Storage does not answer."),
        IdempotencyMismatchException => (StatusCodes.Status422UnprocessableEntity, "The idempotency key was used for another request."),
        RateLimitedException => (StatusCodes.Status429TooManyRequests, "Too many requests."),
        QuotaExceededException => (StatusCodes.Status429TooManyRequests, "The quota is used up."),
        TooManyConcurrentRunsException => (StatusCodes.Status429TooManyRequests, "Too many runs go on at the same time."),
        TooManyEventReadersException => (StatusCodes.Status429TooManyRequests, "Too many streams of events are open."),
        ProviderUnavailableException => (StatusCodes.Status503ServiceUnavailable, "No model could be reached."),
        RunEndedException => (StatusCodes.Status500InternalServerError, "The run ended without an answer."),
        _ => throw new InvalidOperationException($"{problem.GetType().Name} has no status."),
    };

    /// <summary>What HTTP itself says of a problem.</summary>
    public static void WriteHeaders(HttpContext http, ProblemException problem)
    {
        if (problem is UnauthenticatedException unauthenticated)
        {
            http.Response.Headers.WWWAuthenticate = unauthenticated.Challenge;
        }

        if (problem is MethodNotAllowedException { Served: var served })
        {
            http.Response.Headers.Allow = string.Join(", ", served);
        }

        if (problem is UnsupportedMediaTypeException)
        {
            // RFC 9110 section 15.5.16: what would have been taken.
            http.Response.Headers.AcceptEncoding = "gzip";
        }

        if (problem is LimitException limit)
        {
            http.Response.Headers.RetryAfter = RateLimitHeaders.Seconds(limit.RetryAfter, atLeast: 1);
        }

        if (problem is StorageUnavailableException unavailable)
        {
            http.Response.Headers.RetryAfter = RateLimitHeaders.Seconds(unavailable.RetryAfter, atLeast: 1);
        }

        if (problem is ProviderUnavailableException { RetryAfter: { } retryAfter })
        {
            http.Response.Headers.RetryAfter = RateLimitHeaders.Seconds(retryAfter, atLeast: 1);
        }
    }

    public static IResult Internal(HttpContext http, string traceId, string errorId) => Write(
        StatusCodes.Status500InternalServerError,
        new Document(
            "Something went wrong.",
            StatusCodes.Status500InternalServerError,
            $"The failure is recorded as {errorId}.",
            http.Request.Path,
            "internal_error",
            traceId));

    private static IResult Write(int status, Document document) =>
        Results.Json(document, ContractJson.Options, ContentType, status);

    private sealed record Document(string Title, int Status, string Detail, string Instance, string Code, string TraceId)
    {
        [JsonPropertyOrder(-1)]
        public string Type => $"urn:yggdrasil:problem:{Code}";

        public IReadOnlyDictionary<string, string[]>? Errors { get; init; }
    }
}
