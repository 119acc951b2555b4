namespace Yggdrasil.Operations.Errors;

/// <summary>A kind of error, over all instances.</summary>
/// <param name="Id">The hash of kind, provider and place.</param>
/// <param name="Provider">Null where no provider was at work.</param>
/// <param name="TraceId">The trace of a recent one.</param>
/// <param name="ResolvedAt">When an operator said that it is resolved; null while it is open.</param>
public sealed record TrackedError(
    string Id, string Kind, string? Provider, string Place, long Count, DateTimeOffset FirstSeen, DateTimeOffset LastSeen,
    string? TraceId, DateTimeOffset? ResolvedAt)
{
    public bool IsResolved => ResolvedAt is not null;
}

internal enum ErrorNews
{
    /// <summary>It was known.</summary>
    None,

    /// <summary>Nobody has seen it before.</summary>
    New,

    /// <summary>It was resolved, and is there again.</summary>
    Reappeared,
}
