namespace Yggdrasil.Providers;

/// <summary>What the body of a provider's error adds to its status.</summary>
internal enum UpstreamError
{
    Other,
    ContentFilter,
    ContextTooLong,
    QuotaExhausted,
}
