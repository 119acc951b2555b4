namespace Yggdrasil.Client;

/// <summary>What programs decide by.</summary>
/// <remarks>Later versions of the server may answer others.</remarks>
public static class ProblemCode
{
    /// <summary><c>invalid_request</c></summary>
    public const string InvalidRequest = "invalid_request";

    /// <summary><c>unauthenticated</c></summary>
    public const string Unauthenticated = "unauthenticated";

    /// <summary><c>key_expired</c></summary>
    public const string KeyExpired = "key_expired";

    /// <summary><c>forbidden</c></summary>
    public const string Forbidden = "forbidden";

    /// <summary><c>not_found</c></summary>
    public const string NotFound = "not_found";

    /// <summary><c>conflict</c></summary>
    public const string Conflict = "conflict";

    /// <summary><c>part_of_conversation</c></summary>
    public const string PartOfConversation = "part_of_conversation";

    /// <summary><c>too_many_keys</c></summary>
    public const string TooManyKeys = "too_many_keys";

    /// <summary><c>content_unreadable</c></summary>
    public const string ContentUnreadable = "content_unreadable";

    /// <summary><c>precondition_failed</c></summary>
    public const string PreconditionFailed = "precondition_failed";

    /// <summary><c>method_not_allowed</c></summary>
    public const string MethodNotAllowed = "method_not_allowed";

    /// <summary><c>request_timeout</c></summary>
    public const string RequestTimeout = "request_timeout";

    /// <summary><c>unsupported_media_type</c></summary>
    public const string UnsupportedMediaType = "unsupported_media_type";

    /// <summary><c>payload_too_large</c></summary>
    public const string PayloadTooLarge = "payload_too_large";

    /// <summary><c>idempotency_mismatch</c></summary>
    public const string IdempotencyMismatch = "idempotency_mismatch";

    /// <summary><c>rate_limited</c></summary>
    public const string RateLimited = "rate_limited";

    /// <summary><c>quota_exceeded</c></summary>
    public const string QuotaExceeded = "quota_exceeded";

    /// <summary><c>too_many_concurrent_runs</c></summary>
    public const string TooManyConcurrentRuns = "too_many_concurrent_runs";

    /// <summary><c>too_many_event_readers</c></summary>
    public const string TooManyEventReaders = "too_many_event_readers";

    /// <summary><c>provider_unavailable</c></summary>
    public const string ProviderUnavailable = "provider_unavailable";

    /// <summary><c>storage_unavailable</c></summary>
    public const string StorageUnavailable = "storage_unavailable";

    /// <summary><c>internal_error</c></summary>
    public const string InternalError = "internal_error";
}
