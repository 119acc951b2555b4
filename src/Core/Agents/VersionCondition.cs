using Azure;

namespace Yggdrasil.Agents;

/// <summary>The versions that a precondition names (RFC 9110 section 13.1).</summary>
/// <param name="IsAny">Any version: <c>*</c>.</param>
/// <param name="Strong">Versions by strong tags.</param>
/// <param name="Weak">Versions by weak tags, which stand for what is the same to a reader, not to a writer.</param>
public sealed record VersionCondition(bool IsAny, IReadOnlyList<ETag> Strong, IReadOnlyList<ETag> Weak)
{
    /// <summary>Whether it names this version exactly: for <c>If-Match</c>. Null is a version that does not exist.</summary>
    public bool NamesExactly(ETag? version) => version is { } existing && (IsAny || Strong.Contains(existing));

    /// <summary>Whether it names this version, or what is the same to a reader: for <c>If-None-Match</c>. Null is a version that does not exist.</summary>
    public bool Names(ETag? version) => NamesExactly(version) || (version is { } existing && Weak.Contains(existing));
}
