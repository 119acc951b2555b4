using System.Net;

namespace Yggdrasil.Tools.Egress;

/// <summary>An answer from the outside.</summary>
/// <param name="Status">Any status but a redirect; 4xx and 5xx are answers too.</param>
/// <param name="MediaType">Lower case and without parameters, or null if the server did not say.</param>
/// <param name="Charset">As the server named it, or null.</param>
/// <param name="Body">The body, decompressed; its beginning when <paramref name="IsTruncated"/>.</param>
/// <param name="IsTruncated">Whether the body is longer than <see cref="GuardedHttp.MaxBodyBytes"/>.</param>
/// <param name="DeclaredLength">The body's length in bytes as the server declared it, if it did.</param>
public sealed record GuardedResponse(
    HttpStatusCode Status,
    string? MediaType,
    string? Charset,
    ReadOnlyMemory<byte> Body,
    bool IsTruncated,
    long? DeclaredLength);
