namespace Yggdrasil.Fixtures;

/// <summary>A request that reached the <see cref="EffectServer"/>.</summary>
/// <param name="Method">The HTTP method, upper case.</param>
/// <param name="Path">The path, without the query.</param>
/// <param name="Body">The body as text; empty when there is none.</param>
/// <param name="IdempotencyKey">The <c>Idempotency-Key</c> header, where there is one.</param>
/// <param name="Headers">All headers, names compared without case.</param>
public sealed record EffectRequest(
    string Method, string Path, string Body, string? IdempotencyKey, IReadOnlyDictionary<string, string> Headers);
