namespace Yggdrasil.Models.Failures;

/// <summary>What the body of a provider's error adds to its status.</summary>
internal enum UpstreamErrorKind
{
    Other,
    ContentFilter,
    ContextTooLong,

    /// <summary>Our money or quota there is used up.</summary>
    QuotaExhausted,

    /// <summary>A rate is exceeded, whatever the status says.</summary>
    RateLimited,

    /// <summary>The request alone is more than a rate allows in its time: waiting does not help.</summary>
    OverRate,

    /// <summary>The model is gone, or was never there; or it cannot do what is asked, or not where we are.</summary>
    ModelUnavailable,

    /// <summary>The model wrote a call, or an answer in a form, that its own server could not read: it may do better when asked again.</summary>
    ModelSlip,
}

/// <summary>A provider's error as its body tells it.</summary>
/// <param name="Kind">What it means here.</param>
internal sealed record UpstreamError(UpstreamErrorKind Kind)
{
    public static readonly UpstreamError None = new(UpstreamErrorKind.Other);

    /// <summary>The status that the body names, or that its type stands for; null where it does neither.</summary>
    public int? Status { get; init; }

    /// <summary>How long the body asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>In the provider's own words; null where the body has none.</summary>
    public UpstreamReason? Reason { get; init; }
}
