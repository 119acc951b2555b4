namespace Yggdrasil.Foundation.Problems;

/// <summary>A request that cannot be served. The message is for the caller. There is one sealed type per kind of failure.</summary>
/// <param name="code">The contract's error code.</param>
/// <param name="detail">What is wrong and what to do, in words that hold nothing internal.</param>
public abstract class ProblemException(string code, string detail) : Exception(detail)
{
    public string Code { get; } = code;

    /// <summary>A finer code, for protocols that tell more kinds apart than ours does; null where the kind says it all.</summary>
    public string? Reason { get; init; }
}

/// <summary>The request is malformed or names something that does not exist.</summary>
/// <param name="errors">By field, as a path such as <c>tools[2]</c>, what is wrong with it and how to correct it.</param>
public sealed class InvalidRequestException(IReadOnlyDictionary<string, string[]> errors)
    : ProblemException("invalid_request", "The request has fields that are not valid; see errors.")
{
    public InvalidRequestException(string field, string message)
        : this(new Dictionary<string, string[]> { [field] = [message] })
    {
    }

    public IReadOnlyDictionary<string, string[]> Errors { get; } = errors;

    /// <summary>The request's <c>after</c> is not where a page of this list ended.</summary>
    public static InvalidRequestException NotACursor() =>
        new("after", "This is not a cursor of this list; use the \"next\" of its last page.");
}

/// <summary>No valid credentials came with the request.</summary>
/// <param name="credentialsSent">Some came, and were not valid: the challenge says so (RFC 6750 section 3.1).</param>
public sealed class UnauthenticatedException(string detail, bool credentialsSent = false, string code = "unauthenticated") : ProblemException(code, detail)
{
    /// <summary>The value of the answer's <c>WWW-Authenticate</c>.</summary>
    public string Challenge => credentialsSent ? "Bearer error=\"invalid_token\"" : "Bearer";
}

/// <summary>The caller may see the resource, but not do this to it.</summary>
public sealed class ForbiddenException(string detail) : ProblemException("forbidden", detail);

/// <summary>The resource does not exist, or not for this caller.</summary>
public sealed class NotFoundException(string detail) : ProblemException("not_found", detail);

/// <summary>The resource is not in a state that allows this.</summary>
public sealed class ConflictException(string detail, string code = "conflict") : ProblemException(code, detail);

/// <summary>The resource has changed since the version that the request names.</summary>
public sealed class PreconditionFailedException(string detail) : ProblemException("precondition_failed", detail);

/// <summary>The request is larger than the service takes.</summary>
public sealed class PayloadTooLargeException(string detail) : ProblemException("payload_too_large", detail);

/// <summary>The request's body did not arrive in time.</summary>
public sealed class RequestTimeoutException(string detail) : ProblemException("request_timeout", detail);

/// <summary>Storage, or the orchestrations' backend, does not answer, or too many requests change the same rows.</summary>
/// <param name="retryAfter">When it is worth another try.</param>
public sealed class StorageUnavailableException(string detail, TimeSpan retryAfter) : ProblemException("storage_unavailable", detail)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>No model could be reached; nothing came of the request.</summary>
/// <param name="retryAfter">When it is worth another try, where a provider said so.</param>
public sealed class ProviderUnavailableException(string detail, TimeSpan? retryAfter) : ProblemException("provider_unavailable", detail)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;
}

/// <summary>An idempotency key was used before, for another request.</summary>
public sealed class IdempotencyMismatchException()
    : ProblemException("idempotency_mismatch", "This Idempotency-Key was used before with another agent or body.");

/// <summary>A limit is reached; nothing was started.</summary>
/// <param name="retryAfter">When it is worth another try.</param>
public abstract class LimitException(string code, string detail, TimeSpan retryAfter) : ProblemException(code, detail)
{
    public TimeSpan RetryAfter { get; } = retryAfter;
}

/// <summary>Too many requests in too short a time.</summary>
public sealed class RateLimitedException(string detail, TimeSpan retryAfter) : LimitException("rate_limited", detail, retryAfter);

/// <summary>The day's budget is used up, or reserved by runs in progress.</summary>
public sealed class QuotaExceededException(string detail, TimeSpan retryAfter) : LimitException("quota_exceeded", detail, retryAfter);

/// <summary>The maximum number of concurrent runs is reached.</summary>
public sealed class TooManyConcurrentRunsException(string detail, TimeSpan retryAfter)
    : LimitException("too_many_concurrent_runs", detail, retryAfter);

/// <summary>The route exists, but not under this verb.</summary>
/// <param name="served">The verbs under which it does.</param>
public sealed class MethodNotAllowedException(string verb, IReadOnlyList<string> served)
    : ProblemException("method_not_allowed", $"This route does not take {verb}. It takes {string.Join(", ", served)}.")
{
    public IReadOnlyList<string> Served { get; } = served;
}

/// <summary>The body has a media type or encoding that is not supported.</summary>
public sealed class UnsupportedMediaTypeException(string detail) : ProblemException("unsupported_media_type", detail);

/// <summary>The maximum number of open event streams is reached.</summary>
public sealed class TooManyEventReadersException(string detail, TimeSpan retryAfter)
    : LimitException("too_many_event_readers", detail, retryAfter);

/// <summary>A run that answers within its request ended without an answer. A retry would repeat everything that the run did.</summary>
/// <param name="code">Why, as the run's error or stop reason has it.</param>
public sealed class RunEndedException(string code, string detail) : ProblemException(code, detail);
