namespace Yggdrasil.Models.Failures;

/// <summary>What a provider's failure means for the caller: each failure is classified once, here and nowhere else.</summary>
public enum FailureClass
{
    /// <summary>Worth another try at the same provider: 429, 408, 5xx, network, timeout.</summary>
    RetrySame,

    /// <summary>The next provider may do better: retries used up, breaker open, our own credentials refused.</summary>
    NextProvider,

    /// <summary>No provider would do better: a bad request, a content filter, a context that is too long.</summary>
    Stop,
}

/// <summary>A model call that failed, classified, with a message that is safe to show to callers.</summary>
/// <param name="code">A stable code: <c>provider_unavailable</c>, <c>provider_timeout</c>, <c>provider_rate_limited</c>,
/// <c>provider_credentials</c>, <c>provider_rejected</c>, <c>model_unavailable</c>, <c>tool_use_failed</c>, <c>answer_too_long</c>,
/// <c>content_filter</c> or <c>context_too_long</c>.</param>
/// <param name="failure">What to do next.</param>
/// <param name="message">Names the provider and what it did; never the upstream body, an address or a key.</param>
/// <param name="retryAfter">How long the provider asked us to wait, where it did.</param>
/// <param name="innerException">The package's own exception, for logs at Debug only.</param>
public sealed class ProviderException(
    string code, FailureClass failure, string message, TimeSpan? retryAfter = null, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>The code of an answer or a prompt that a provider's content filter stopped.</summary>
    public const string ContentFilter = "content_filter";

    /// <summary>The code of a provider that does not answer, or is not there any more.</summary>
    public const string Unavailable = "provider_unavailable";

    /// <summary>The code of a provider that took too long.</summary>
    public const string Timeout = "provider_timeout";

    public string Code { get; } = code;

    public FailureClass Failure { get; } = failure;

    /// <summary>How long the provider asked to wait from when it failed; null where it did not say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>Why, in the provider's own words; null where it gave none. For operators: it is in no message of ours.</summary>
    public UpstreamReason? Reason { get; init; }

    /// <summary>Whether somebody has to see to our account there: its key is refused, or its money is used up.</summary>
    internal bool ConcernsAccount { get; init; }

    /// <summary>Whether it says nothing of the provider's health, though it is worth another try: the model slipped.</summary>
    internal bool IsModelsSlip { get; init; }

    /// <summary>The same failure as what it means further up.</summary>
    internal ProviderException As(FailureClass meaning, string text, TimeSpan? wait, Exception cause) =>
        new(Code, meaning, text, wait, cause) { Reason = Reason, ConcernsAccount = ConcernsAccount, IsModelsSlip = IsModelsSlip };
}
