namespace Yggdrasil.Storage;

/// <summary>
/// What was asked of storage, or of the orchestrations' backend, was not done in time, or others changed the same rows for as long as
/// was waited. Callers are told to try again; whatever retries by itself tries again.
/// </summary>
/// <remarks>No problem of the request: whoever records refusals must not take it for one.</remarks>
/// <param name="retryAfter">When it is worth another try.</param>
public sealed class StorageNotAnsweringException(string detail, TimeSpan retryAfter, Exception? cause = null) : Exception(detail, cause)
{
    /// <summary>When it is worth another try.</summary>
    public TimeSpan RetryAfter { get; } = retryAfter;
}
